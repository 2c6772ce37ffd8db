// SPDX-License-Identifier: Apache-2.0
// coordinator_actor drives one job: a thin shell around job_machine that turns messages into its inputs and its effects
// into messages, and keeps the job's board up to date.
//
// Owner:      the job's runtime. Detached, so that no user code holds its thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/job_world.hpp"
#include "coordinator/job_machine.hpp"

namespace weir {

/// Where the coordinator writes how the job stands, for other threads to read. Control path only, hence the lock.
struct job_board {
  std::mutex mutex;
  std::condition_variable changed;  ///< it is over, or a request has come out
  job_counters counters;
  bool over = false;
  bool cancelled = false;
  std::optional<error> failure;
  std::shared_ptr<job_history> history;  ///< guarded by the mutex, like all above
  std::shared_ptr<task_meters> meters;   ///< set once; has a lock of its own
};

class coordinator_shell;

struct coordinator_state {
  static inline const char* name = "coordinator";
  std::shared_ptr<coordinator_shell>
      shell;  // shared, because the type is complete in the source file only
};

/// The supervisor and the store are told to the actor by a `team` message; the job starts then.
caf::behavior coordinator_actor(caf::stateful_actor<coordinator_state>* self,
                                std::shared_ptr<job_machine_options> options,
                                std::shared_ptr<job_board> board, std::uint64_t seed,
                                std::shared_ptr<job_world> world);

}  // namespace weir
