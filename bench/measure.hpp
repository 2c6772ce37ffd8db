// SPDX-License-Identifier: Apache-2.0
// What a benchmark measures with: wall and CPU time of a run, the memory of the process, and the
// summary of repeated runs.
//
// Owner: plain values; the functions read the whole process and may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::bench {

/// What a run took. CPU is that of all threads of the process, user and system, between the two
/// readings.
struct run_cost {
  double wall_s = 0;
  double cpu_s = 0;

  /// Of `threads` busy threads; 1 when they had a core each all the time.
  double cpu_share(unsigned threads) const;
};

/// Starts when made.
class stopwatch {
 public:
  stopwatch();
  run_cost elapsed() const;

 private:
  std::chrono::steady_clock::time_point wall_;
  double cpu_s_;
};

/// User and system time of this process so far, in seconds.
double process_cpu_s();

struct memory_use {
  std::uint64_t resident_bytes = 0;
  std::uint64_t anon_bytes = 0;  ///< without pages of files and shared memory (RssAnon)
};

/// Of this process, now; zeros where /proc is missing.
memory_use process_memory();

/// Median, minimum and maximum; zeros of no values.
struct spread {
  double median = 0;
  double min = 0;
  double max = 0;
};
spread spread_of(std::vector<double> values);
/// Of each of the `columns` of all rows; zeros of no rows. REQUIRES: rows have that many values.
std::vector<double> medians_of(const std::vector<std::vector<double>>& rows, std::size_t columns);

}  // namespace weir::bench
