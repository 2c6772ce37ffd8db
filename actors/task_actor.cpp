// SPDX-License-Identifier: Apache-2.0
#include "actors/task_actor.hpp"

#include <utility>

#include "actors/messages.hpp"

namespace weir {

caf::behavior task_actor(caf::stateful_actor<task_state>* self, task_wiring wiring) {
  self->set_default_handler(caf::drop);
  self->state.shell = std::make_unique<task_shell>(self, std::move(wiring));
  auto* shell = self->state.shell.get();
  return {
      [shell](element& what) { shell->on_element(what); },
      [shell](credit_return& what) { shell->on_credit(what); },
      [shell](step_atom) { shell->on_step(); },
      [shell](flush_atom) { shell->on_flush(); },
      [shell](wake_atom, std::uint64_t generation) { shell->on_wake(generation); },
      [shell](lane_result& what) { shell->on_lane_result(what); },
      [shell](chunk_stored what) { shell->on_chunk_stored(what.attempt); },
      [shell](loaded_chunk& what) { shell->on_loaded(what); },
      [shell](const load_failed& what) { shell->on_load_failed(what); },
      [shell](roll_back_to what) { shell->on_roll_back(what.attempt); },
      [shell](restore_from& what) { shell->on_restore(std::move(what)); },
      [shell](resume_task what) { shell->on_resume(what.attempt); },
      [shell](trigger_epoch what) { shell->on_trigger(what.epoch, what.then); },
      [shell](abort_epoch what) { shell->on_abort(what.epoch); },
      [shell](const commit_epoch& what) { shell->on_commit(what); },
      [shell](stop_atom) { shell->end(); },
  };
}

}  // namespace weir
