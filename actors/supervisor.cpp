// SPDX-License-Identifier: Apache-2.0
#include "actors/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "actors/lane_actor.hpp"
#include "actors/messages.hpp"
#include "actors/task_actor.hpp"

namespace weir {
namespace {

using self_ptr = caf::stateful_actor<supervisor_state>*;

bool needs_lane(const plan& physical, task_id task) {
  for (const auto& unit : physical.chain_of(task).units) {
    for (const auto node : unit.nodes) {
      if (physical.logical->nodes[node].kind != node_kind::operation) return true;
    }
  }
  return false;
}

void start_task(self_ptr self, task_id task) {
  auto& state = self->state;
  const auto& options = state.options;
  auto& lane = state.lanes[task.value];
  const std::string name = options.physical->task_name(task);
  if (!lane && needs_lane(*options.physical, task)) {
    lane = spawn_blocking(*self, options.world.get(), name + " lane", lane_actor);
  }
  state.tasks[task.value] = self->spawn<caf::monitored>(
      task_actor,
      task_wiring{options.physical, task, options.job, options.settings,
                  caf::actor_cast<caf::actor>(self), options.store, lane, options.pulses,
                  options.breadcrumbs, options.world, options.faults, options.meters});
  if (options.world) options.world->on_spawn(name, state.tasks[task.value]);
  state.by_address[state.tasks[task.value].address()] = task;
}

void on_down(self_ptr self, const caf::down_msg& down) {
  auto& state = self->state;
  const auto found = state.by_address.find(down.source);
  if (found == state.by_address.end()) return;
  const task_id task = found->second;
  state.by_address.erase(found);
  state.tasks[task.value] = nullptr;
  if (state.ending) {
    if (!state.by_address.empty()) return;
    for (const auto& lane : state.lanes) {
      if (lane) self->send_exit(lane, caf::exit_reason::user_shutdown);
    }
    self->quit();
    return;
  }
  self->send(state.options.coordinator,
             task_failed{task, state.attempts[task.value],
                         error{error_code::user_exception,
                               "its actor was ended: " + to_string(down.reason)}});
}

void end_all(self_ptr self) {
  auto& state = self->state;
  if (std::exchange(state.ending, true)) return;
  for (const auto& task : state.tasks) {
    if (task) self->send(task, stop_atom::value);
  }
  if (state.by_address.empty()) self->quit();
}

void roll_back_tasks(self_ptr self, const roll_back& what) {
  for (const auto task : what.tasks) {
    if (!self->state.tasks[task.value]) start_task(self, task);
    self->state.attempts[task.value] = what.attempt;
    self->send(self->state.tasks[task.value], roll_back_to{what.attempt});
  }
}

template <class Message>
void to_task(self_ptr self, task_id task, Message what) {
  const auto& target = self->state.tasks[task.value];
  if (target) self->send(target, std::move(what));
}

template <class Message>
void to_all(self_ptr self, const Message& what) {
  for (const auto& task : self->state.tasks) {
    if (task) self->send(task, what);
  }
}

template <class Message>
auto pass_on(self_ptr self) {
  return [self](Message& what) { self->send(self->state.options.coordinator, std::move(what)); };
}

}  // namespace

caf::behavior supervisor(self_ptr self, supervisor_options options) {
  auto& state = self->state;
  state.tasks.resize(options.physical->tasks.size());
  state.attempts.resize(options.physical->tasks.size());
  state.lanes.resize(options.physical->tasks.size());
  state.options = std::move(options);
  self->set_default_handler(caf::drop);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const roll_back& what) { roll_back_tasks(self, what); },
      [self](restore_task& what) {
        job_world* world = self->state.options.world.get();
        const auto& tasks = self->state.tasks;
        to_task(self, what.task,
                restore_from{what.attempt, std::move(what.from),
                             world != nullptr ? world->peers_of(what.task, tasks) : tasks});
      },
      [self](const resume_tasks& what) {
        for (const auto task : what.tasks) to_task(self, task, resume_task{what.attempt});
      },
      [self](const trigger_epoch& what) { to_all(self, what); },
      [self](const abort_epoch& what) { to_all(self, what); },
      [self](const commit_epoch& what) {
        for (const auto task : what.tasks) {
          to_task(self, task, commit_epoch{what.epoch, what.oldest_retained, {}});
        }
      },
      [self](const crash_task& what) {
        const auto& target = self->state.tasks[what.task.value];
        if (!target) return;
        caf::anon_send<caf::message_priority::high>(
            target, caf::exit_msg{target.address(), caf::exit_reason::kill});
      },
      [self](end_tasks) { end_all(self); },
      pass_on<rolled_back>(self),
      pass_on<restored>(self),
      pass_on<task_failed>(self),
      pass_on<record_skipped>(self),
      pass_on<task_finishing>(self),
      pass_on<commit_confirmed>(self),
      pass_on<snapshot_declined>(self),
  };
}

}  // namespace weir
