// SPDX-License-Identifier: Apache-2.0
// explain_waiting says in sentences what a job waits for at the moment of one look: a restart, a restore, a task that is slow
// and holds up those before it, a marker, a checkpoint that drains, a source without data. It follows waits to where they
// end, so that it names the cause and not each of its victims.
//
// Owner:      a free function; pure.
#pragma once

#include <string>
#include <vector>

#include "coordinator/job_observation.hpp"

namespace weir {

/// At least one sentence, the most important first.
std::vector<std::string> explain_waiting(const job_observation& job);

}  // namespace weir
