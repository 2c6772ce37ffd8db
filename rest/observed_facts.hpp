// SPDX-License-Identifier: Apache-2.0
// What several documents derive from one observation of a job.
//
// Owner:      free functions over values; any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "coordinator/job_observation.hpp"

namespace weir::rest {

inline bool is_over(observed_job_state state) {
  return state == observed_job_state::finished || state == observed_job_state::failed ||
         state == observed_job_state::canceled;
}

/// One process holds all tasks; a slot takes one subtask of each vertex.
inline std::uint32_t slots_of(const job_observation& seen) {
  std::uint32_t slots = 0;
  for (const auto& chain : seen.identity->physical->chains) {
    slots = std::max(slots, chain.parallelism);
  }
  return slots;
}

}  // namespace weir::rest
