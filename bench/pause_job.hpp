// SPDX-License-Identifier: Apache-2.0
// The job of the pause benchmark: a keyed count whose tasks note the time at every 256th record, and
// when markers and commits reach them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/pause_gaps.hpp"

namespace weir::bench {

inline constexpr std::uint64_t records_per_note = 256;

struct pause_job {
  std::uint64_t keys = 1'000'000;
  double rate = 0;  ///< 0: full speed
  double seconds = 10;
  unsigned parallelism = 2;
  std::chrono::milliseconds interval{0};  ///< 0: no checkpoints
};

struct pause_run {
  std::shared_ptr<const std::vector<task_notes>> tasks;  ///< by subtask
  double foreign_share = 0;                              ///< of the machine, while it was measured
};

/// Runs until all keys are in the state, then measures for the given time, and cancels the job. Throws
/// std::runtime_error when the job fails.
pause_run run_pause_job(const pause_job& what);

}  // namespace weir::bench
