// SPDX-License-Identifier: Apache-2.0
#include "bench/machine_load.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace weir::bench {

machine_load::machine_load() : start_(read()), own_s_(process_cpu_s()) {}

double machine_load::foreign_share() const {
  const reading now = read();
  const double all_s = now.all_s - start_.all_s;
  if (all_s <= 0) return 0;
  const double foreign_s = now.busy_s - start_.busy_s - (process_cpu_s() - own_s_);
  return std::max(foreign_s, 0.0) / all_s;
}

machine_load::reading machine_load::read() {
  std::ifstream stat("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(stat >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal)) {
    return {};
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double busy = user + nice + system + irq + softirq + steal;
  return {busy / ticks, (busy + idle + iowait) / ticks};
}

}  // namespace weir::bench
