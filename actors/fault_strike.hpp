// SPDX-License-Identifier: Apache-2.0
// strike does to the calling task, or its process, what an injected fault is about.
//
// Owner:      called by the task's actor.
#pragma once

#include "dataflow/fault_plan.hpp"

namespace weir {

/// Thrown for kill: the actor is to end as if it was killed.
struct injected_kill {};

/// As kill -9 would.
[[noreturn]] void kill_this_process();

/// Returns for slow only, late: it blocks the thread on purpose. Not for faults of a disk.
void strike(const fault_spec& fault);

}  // namespace weir
