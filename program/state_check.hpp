// SPDX-License-Identifier: Apache-2.0
// check_state asks what a start asks before it runs, of a state directory that stays as it is: from which checkpoint would
// the job go on, does the program fit it, could sinks repeat output?
//
// Owner:      functions; one thread.
// Invariants: refused exactly when a start with the same request would be, but for what only running shows: damaged chunks
//             (state verify), and what sources and sinks make of their own positions.
#pragma once

#include <optional>
#include <string>

#include "coordinator/starting_point.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/restore_fit.hpp"
#include "state/stored_state.hpp"
#include "weir/core/error.hpp"

namespace weir {

struct state_check {
  std::string job;
  std::string directory;
  std::optional<manifest> checkpoint;  ///< none: there is none, or it cannot be read
  restore_fit fit;                     ///< of the checkpoint
  std::optional<error> refusal;        ///< why a start would not go on from it
};

/// REQUIRES: !request.fresh, which asks for no checkpoint.
state_check check_state(stored_state& from, const plan& physical, const start_request& request);

std::string text_of(const state_check& found);
std::string json_of(const state_check& found);

}  // namespace weir
