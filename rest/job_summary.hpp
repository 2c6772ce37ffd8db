// SPDX-License-Identifier: Apache-2.0
// job_summary is how a job stands in a few numbers: what the live line, the `status` verb and the last line of a run show.
//
// Owner:      a value, made from one look.
// Invariants: rates are those of the last whole second that the observer has seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "coordinator/job_observation.hpp"
#include "rest/document.hpp"

namespace weir::rest {

struct job_summary {
  std::string name;
  observed_job_state state = observed_job_state::created;
  std::chrono::milliseconds ran{};
  std::uint64_t records_read = 0;  ///< by sources; what is read again after a restart counts again
  std::uint64_t records_written = 0;  ///< taken by sinks, likewise
  double read_per_second = 0;
  double written_per_second = 0;
  std::uint64_t restarts = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t failed_checkpoints = 0;
  std::optional<epoch_id> last_checkpoint;
  std::chrono::milliseconds checkpoint_age{};
  std::chrono::milliseconds checkpoint_duration{};
  std::uint64_t checkpoint_bytes = 0;
  std::optional<std::uint64_t> left_to_read;  ///< of all sources, when each knows
  std::optional<std::uint64_t> all_to_read;
  /// Time until bounded input is read, at the rate of the whole run.
  std::optional<std::chrono::milliseconds> time_left;

  static job_summary of(const job_observation& seen);
};

/// weir's own document `/jobs/:jobid/summary`: the numbers, each vertex, and what the job waits for.
document summary_document(const job_observation& seen);

}  // namespace weir::rest
