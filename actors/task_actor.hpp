// SPDX-License-Identifier: Apache-2.0
// task_actor is one task: a thin shell that feeds its task_core with messages, and turns what the core does into messages.
// It catches whatever user code throws, and lives on without a core until the supervisor tells it to roll back (P14).
//
// Owner:      the supervisor, which monitors it.
// Invariants: (1) at most one step, one flush and one wake-up message to itself is under way; (2) no exception leaves a
//             handler; (3) without a core every element is dropped.
#pragma once

#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/task_shell.hpp"

namespace weir {

struct task_state {
  static inline const char* name = "task";
  std::unique_ptr<task_shell> shell;
};

caf::behavior task_actor(caf::stateful_actor<task_state>* self, task_wiring wiring);

}  // namespace weir
