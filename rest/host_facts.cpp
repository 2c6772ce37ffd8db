// SPDX-License-Identifier: Apache-2.0
#include "rest/host_facts.hpp"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <thread>

namespace weir::rest {

host_facts host_facts::of_this_process() {
  host_facts made;
  std::array<char, 256> name{};
  made.host = gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
  made.task_manager = made.host + "-" + std::to_string(getpid());
  made.version = WEIR_VERSION;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  made.timezone = local.tm_zone == nullptr ? "UTC" : local.tm_zone;
  made.timezone_offset_ms = std::int64_t{1000} * local.tm_gmtoff;
  made.cores = std::max(1U, std::thread::hardware_concurrency());
  struct sysinfo memory {};
  if (sysinfo(&memory) == 0) {
    made.physical_memory = std::uint64_t{memory.totalram} * memory.mem_unit;
  }
  return made;
}

}  // namespace weir::rest
