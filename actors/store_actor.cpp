// SPDX-License-Identifier: Apache-2.0
#include "actors/store_actor.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "actors/messages.hpp"
#include "common/log.hpp"

namespace weir {
namespace {

using self_ptr = caf::stateful_actor<store_state>*;

void fail_epoch(self_ptr self, epoch_id epoch, const error& why) {
  if (!self->state.failed.insert(epoch).second) return;
  self->state.chunks.erase(epoch);
  self->send(self->state.coordinator, store_failed{epoch, why});
}

/// While tables drain, this thread has work without end. A task that waits for its core must not wait for the end of its
/// time slice (milliseconds), so it gives way now and then; not after each chunk, because a turn of the others is long.
void give_way(store_state& state) {
  constexpr std::chrono::microseconds turn{150};
  if (std::chrono::steady_clock::now() - state.turn_began < turn) return;
  std::this_thread::yield();
  state.turn_began = std::chrono::steady_clock::now();
}

/// For what the store is asked to write now; nothing: for no epoch.
void begin_writing(store_state& state, std::optional<write_purpose> purpose = {}) {
  if (state.faults) state.faults->begin(purpose);
}

void put(self_ptr self, const snapshot_piece& piece) {
  auto& state = self->state;
  if (!state.failed.contains(piece.epoch)) {
    begin_writing(state, write_purpose{fault_phase::writing, piece.epoch});
    auto stored = state.store->put(piece.epoch, piece.content);
    if (stored) {
      state.chunks[piece.epoch][piece.task][{piece.place.part, piece.place.state}].push_back(
          *stored);
    } else {
      fail_epoch(self, piece.epoch, stored.error());
    }
  }
  if (self->current_sender()) {
    self->send(caf::actor_cast<caf::actor>(self->current_sender()), chunk_stored{piece.attempt});
  }
  give_way(state);
}

/// What the task declared, with what was really stored in place of its chunks; the coordinator compares both (P12).
void end_snapshot(self_ptr self, snapshot_end& end) {
  auto& state = self->state;
  if (state.failed.contains(end.epoch)) return;
  snapshot_acked ack{end.epoch, end.attempt, end.task, end.snapshot, std::move(end.snapshot),
                     end.timing};
  auto& stored = state.chunks[end.epoch][end.task];
  for (std::uint32_t part = 0; part < ack.stored.operators.size(); ++part) {
    auto& states = ack.stored.operators[part].states;
    for (std::uint32_t index = 0; index < states.size(); ++index) {
      states[index].chunks = std::move(stored[{part, index}]);
    }
  }
  state.chunks[end.epoch].erase(end.task);
  self->send(state.coordinator, std::move(ack));
}

void forget(store_state& state, epoch_id epoch) {
  state.chunks.erase(state.chunks.begin(), state.chunks.upper_bound(epoch));
  state.failed.erase(state.failed.begin(), state.failed.lower_bound(epoch));
}

void load(self_ptr self, const load_chunks& wanted) {
  for (const auto& ref : wanted.refs) {
    auto content = self->state.store->read(ref);
    if (!content) {
      self->send(wanted.reply_to, load_failed{wanted.attempt, content.error()});
      return;
    }
    self->send(wanted.reply_to, loaded_chunk{wanted.attempt, std::move(*content)});
  }
}

}  // namespace

caf::behavior store_actor(self_ptr self, std::shared_ptr<snapshot_store> store,
                          std::shared_ptr<disk_strike> faults, caf::actor coordinator) {
  self->state.store = std::move(store);
  self->state.faults = std::move(faults);
  self->state.coordinator = std::move(coordinator);
  self->set_default_handler(caf::drop);
  return {
      [self](snapshot_piece& piece) { put(self, piece); },
      [self](snapshot_end& end) { end_snapshot(self, end); },
      [self](load_chunks& wanted) { load(self, wanted); },
      [self](write_manifest& what) {
        const epoch_id epoch = what.content.epoch;
        begin_writing(self->state, write_purpose{fault_phase::manifest, epoch});
        auto written = self->state.store->complete(std::move(what.content));
        forget(self->state, epoch);
        self->send(self->state.coordinator,
                   manifest_written{epoch, self->state.store->oldest_retained(),
                                    written ? std::nullopt : std::optional(written.error())});
      },
      [self](abandon_epoch what) {
        self->state.chunks.erase(what.epoch);
        self->state.failed.insert(what.epoch);
        self->state.store->abandon(what.epoch);
      },
      [self](reserve_epochs what) {
        begin_writing(self->state);
        auto first = self->state.store->reserve_epochs(what.count);
        if (first) {
          self->send(self->state.coordinator, epochs_reserved{*first, what.count});
        } else {
          self->delayed_send(self, std::chrono::seconds(1),
                             what);  // a full disk may get room again
        }
      },
      [self](reserve_attempts what) {
        begin_writing(self->state);
        auto first = self->state.store->reserve_attempts(what.count);
        if (first) {
          self->send(self->state.coordinator, attempts_reserved{*first, what.count});
        } else {
          self->delayed_send(self, std::chrono::seconds(1), what);
        }
      },
      [self](const keep_poison& what) {
        begin_writing(self->state);
        if (auto kept = self->state.store->keep_poison(what.ledger); !kept) {
          // Nothing depends on it but how often a record may kill after a restart of the process.
          logger(log_layer::actors, {}).warn("poison counts not kept: " + kept.error().text());
        }
      },
      [self](stop_atom) { self->quit(); },
  };
}

}  // namespace weir
