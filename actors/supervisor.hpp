// SPDX-License-Identifier: Apache-2.0
// supervisor is the node's parent of tasks: it starts their actors, watches them, starts a new one in place of one that
// died when the coordinator rolls its region back, and passes messages between coordinator and tasks.
//
// Owner:      the job. Detached, so that no user code holds its thread.
// Invariants: (1) it holds strong handles of all its children; (2) a task's lane outlives the task's actor.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/task_shell.hpp"
#include "dataflow/plan.hpp"

namespace weir {

struct supervisor_options {
  std::shared_ptr<const plan> physical;
  std::string job;
  task_settings settings;
  caf::actor coordinator;
  caf::actor store;
  std::shared_ptr<task_pulses> pulses;  ///< one for each task
  std::shared_ptr<breadcrumb_file> breadcrumbs;
  std::shared_ptr<job_world> world;        ///< none: the real one
  std::shared_ptr<fault_injector> faults;  ///< nullptr: none are injected
  std::shared_ptr<task_meters> meters{};   ///< nullptr: nobody reads them
};

struct supervisor_state {
  static inline const char* name = "supervisor";

  supervisor_options options;
  std::vector<caf::actor> tasks;     // by task id; invalid: not running
  std::vector<attempt_id> attempts;  // by task id: what the task was last told
  std::map<caf::actor_addr, task_id> by_address;
  std::vector<caf::actor> lanes;  // by task id
  bool ending = false;
};

caf::behavior supervisor(caf::stateful_actor<supervisor_state>* self, supervisor_options options);

}  // namespace weir
