// SPDX-License-Identifier: Apache-2.0
#include "actors/lane_actor.hpp"

#include <utility>

#include "actors/messages.hpp"

namespace weir {

caf::behavior lane_actor(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  return {[self](lane_work& work) {
    work.job->run();
    self->send(work.reply_to, lane_result{std::move(work.job), work.attempt});
  }};
}

}  // namespace weir
