// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_actors.hpp"

#include <utility>

#include "actors/messages.hpp"
#include "actors/store_actor.hpp"
#include "actors/supervisor.hpp"
#include "common/log.hpp"
#include "coordinator/poison_start.hpp"
#include "coordinator/starting_point.hpp"
#include "coordinator/team.hpp"

namespace weir {

result<job_beginning> begin_job(snapshot_store& store, const job_runtime_options& options,
                                std::int64_t now_ms) {
  auto terms = store.begin_term();
  if (!terms) return terms.error();
  const bool began_empty = store.checkpoints().empty();
  const start_request request{options.job, options.fresh, options.from, options.allow_duplicates};
  auto from = choose_start(store, *options.physical, request, terms->fence, terms->first_attempt,
                           terms->first_epoch);
  if (!from) return from.error();
  auto poison = start_poison(store, *options.physical, began_empty || options.fresh, now_ms);
  if (!poison) return poison.error();

  job_beginning made;
  made.breadcrumbs = poison->breadcrumbs;
  if (from->kind != checkpoint_kind::initial) made.restored_from = from->epoch;
  const char* beginning = !made.restored_from ? "starting afresh"
                          : from->finished    ? "the job had finished; --fresh would start it again"
                                              : "resuming from the last checkpoint";
  logger(log_layer::coordinator, {.job = options.job, .checkpoint = from->epoch}).info(beginning);
  const bool used_epoch = from->epoch == terms->first_epoch;
  auto history =
      std::make_shared<job_history>(now_ms, options.physical->tasks.size(), options.history);
  made.machine = std::make_shared<job_machine_options>(
      job_machine_options{.job = options.job,
                          .build = {},
                          .physical = options.physical,
                          .checkpoints = options.checkpoints,
                          .restarts = options.restarts,
                          .fence = terms->fence,
                          .epochs = {used_epoch ? terms->first_epoch.next() : terms->first_epoch,
                                     terms->block - used_epoch},
                          .attempts = {terms->first_attempt, terms->block},
                          .restore_from = std::move(*from),
                          .poison = std::move(poison->ledger),
                          .history = std::move(history)});
  return made;
}

caf::actor spawn_job(caf::actor_system& system, const job_runtime_options& options,
                     job_surroundings around) {
  job_world* world = around.world.get();
  around.board->history = around.beginning.machine->history;
  around.board->meters = std::make_shared<task_meters>(options.physical->tasks.size());
  auto coordinator =
      spawn_blocking(system, world, "coordinator", coordinator_actor,
                     std::move(around.beginning.machine), around.board, around.seed, around.world);
  auto store = spawn_blocking(system, world, "store", store_actor, std::move(around.store),
                              std::move(around.store_faults), coordinator);
  auto supervised = spawn_blocking(
      system, world, "supervisor", supervisor,
      supervisor_options{options.physical, options.job, options.tasks, coordinator, store,
                         around.pulses, around.beginning.breadcrumbs, around.world,
                         world == nullptr ? options.faults : nullptr, around.board->meters});
  caf::anon_send(coordinator, team{supervised, store});
  return coordinator;
}

}  // namespace weir
