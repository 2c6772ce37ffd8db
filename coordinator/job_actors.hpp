// SPDX-License-Identifier: Apache-2.0
// begin_job and spawn_job are the two steps in which a job comes to life: choosing the checkpoint to go on from, and
// starting coordinator, store and supervisor in an actor system. job_runtime takes them in the real world, and a
// simulation in its own.
//
// Owner:      the thread that starts the job, until the store is handed to its actor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/disk_strike.hpp"
#include "actors/job_world.hpp"
#include "coordinator/coordinator_actor.hpp"
#include "coordinator/job_runtime.hpp"
#include "state/breadcrumb_file.hpp"
#include "state/snapshot_store.hpp"

namespace weir {

struct job_beginning {
  std::shared_ptr<job_machine_options> machine;
  std::optional<epoch_id> restored_from;  ///< none: a fresh start
  std::shared_ptr<breadcrumb_file>
      breadcrumbs;  ///< none: no operator has a policy for poison records
};

/// Takes a new term of the store (P22), chooses the checkpoint, and finds what is known of poison records. Errors: as
/// job_runtime::start.
result<job_beginning> begin_job(snapshot_store& store, const job_runtime_options& options,
                                std::int64_t now_ms);

struct job_surroundings {
  std::shared_ptr<snapshot_store> store;
  job_beginning beginning;
  std::shared_ptr<job_board> board;
  std::shared_ptr<task_pulses> pulses;  ///< one for each task
  std::uint64_t seed = 0;
  std::shared_ptr<job_world> world;             ///< none: the real one
  std::shared_ptr<disk_strike> store_faults{};  ///< none: the store's disk is sound
};

/// Returns the coordinator; the job runs from now on.
caf::actor spawn_job(caf::actor_system& system, const job_runtime_options& options,
                     job_surroundings around);

}  // namespace weir
