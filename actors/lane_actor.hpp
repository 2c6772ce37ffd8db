// SPDX-License-Identifier: Apache-2.0
// lane_actor is a task's extra thread for blocking work: a detached actor that runs jobs in order and sends them back.
// It outlives the task's actor, so that the jobs of an old attempt end before those of the next one begin.
//
// Owner:      the supervisor.
#pragma once

#include <caf/fwd.hpp>

#include <caf/behavior.hpp>

namespace weir {

caf::behavior lane_actor(caf::event_based_actor* self);

}  // namespace weir
