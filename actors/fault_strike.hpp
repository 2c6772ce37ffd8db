// SPDX-License-Identifier: Apache-2.0
// strike does to the calling task, or its process, what an injected fault is about.
//
// Owner:      called by the task's actor.
#pragma once

#include "dataflow/fault_plan.hpp"

namespace weir {

/// Thrown for kill: the actor is to end as if it was killed.
struct injected_kill {};

/// Returns for slow only, late: it blocks the thread on purpose.
void strike(const fault_spec& fault);

}  // namespace weir
