// SPDX-License-Identifier: Apache-2.0
// What a task of the pause benchmark notes while it runs, and the gaps between these notes, inside
// and outside checkpoints.
//
// Owner:      task_notes belongs to its task while that runs (but for `measuring`); everything else is
//             for after the job.
// Invariants: times and windows are in order of time.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "bench/latency_samples.hpp"
#include "bench/steady_ns.hpp"
#include "weir/core/ids.hpp"

namespace weir::bench {

/// From the marker until the checkpoint is complete, as the task sees it. Its first part, until
/// drained_ns, is the time in which the task drains its tables.
struct checkpoint_window {
  epoch_id epoch;
  std::int64_t begin_ns = 0;
  std::int64_t drained_ns = 0;  ///< 0: was not drained
  std::int64_t end_ns = 0;      ///< 0: was not completed
};

struct alignas(64) task_notes {
  std::vector<std::int64_t> times;  ///< made and touched beforehand
  std::size_t size = 0;             ///< of times, that were noted
  std::vector<checkpoint_window> windows;
  std::atomic<bool> measuring{false};

  void note() {
    if (size < times.size()) times[size++] = steady_ns();
  }
};

/// The gaps of all tasks of a run, in nanoseconds.
struct pause_gaps {
  explicit pause_gaps(std::size_t capacity)
      : all(capacity), draining(capacity), inside(capacity), outside(capacity) {}

  /// Adds those of one task. A gap that only touches a window is inside.
  void add(const task_notes& notes);

  latency_samples all;
  latency_samples draining;        ///< in the first part of a checkpoint window
  latency_samples inside;          ///< in a checkpoint window, draining or not
  latency_samples outside;         ///< in none
  std::vector<double> longest_us;  ///< the longest of each window of each task
};

}  // namespace weir::bench
