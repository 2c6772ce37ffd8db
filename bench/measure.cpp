// SPDX-License-Identifier: Apache-2.0
#include "bench/measure.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace weir::bench {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

double run_cost::cpu_share(unsigned threads) const {
  const double available = wall_s * threads;
  return available > 0 ? cpu_s / available : 0;
}

stopwatch::stopwatch() : wall_(std::chrono::steady_clock::now()), cpu_s_(process_cpu_s()) {}

run_cost stopwatch::elapsed() const {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
  return {wall.count(), process_cpu_s() - cpu_s_};
}

double process_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

memory_use process_memory() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  if (!(statm >> size >> resident >> shared)) return {};
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {resident * page, (resident - std::min(shared, resident)) * page};
}

spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

std::vector<double> medians_of(const std::vector<std::vector<double>>& rows, std::size_t columns) {
  std::vector<double> medians;
  for (std::size_t column = 0; column < columns; ++column) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[column]);
    medians.push_back(spread_of(std::move(values)).median);
  }
  return medians;
}

}  // namespace weir::bench
