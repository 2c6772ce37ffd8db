// SPDX-License-Identifier: Apache-2.0
#include "dataflow/task_snapshotter.hpp"

#include <utility>

#include "dataflow/task_faults.hpp"
#include "state/blob.hpp"
#include "weir/core/check.hpp"
#include "weir/core/table_image.hpp"

namespace weir {

task_snapshotter::task_snapshotter(task_id task, attempt_id attempt, task_snapshot head,
                                   std::vector<operator_part*> parts, task_ports& ports)
    : task_(task),
      attempt_(attempt),
      head_(std::move(head)),
      parts_(std::move(parts)),
      ports_(ports) {
  for (std::uint32_t part = 0; part < parts_.size(); ++part) {
    std::uint32_t state = 0;
    for (const auto& keyed : parts_[part]->keyed()) {
      tables_.push_back({{part, state++}, keyed.table});
    }
  }
}

std::optional<epoch_id> task_snapshotter::epoch() const {
  if (!current_) return {};
  return current_->epoch;
}

void task_snapshotter::begin(epoch_id epoch, bool finished, snapshot_timing so_far) {
  WEIR_CHECK(!current_, "snapshot", epoch, "while", current_->epoch, "is open");
  current_.emplace();
  current_->epoch = epoch;
  current_->declared = head_;
  current_->declared.finished = finished;
  current_->images.resize(parts_.size());
  current_->collected.resize(parts_.size());
  chunks_sent_ = bytes_sent_ = 0;
  const auto begun = ports_.now();
  for (std::size_t i = 0; i < parts_.size(); ++i) freeze_part(i);
  current_->frozen = ports_.now();
  current_->timing = so_far;
  current_->timing.freeze = current_->frozen - begun;
}

void task_snapshotter::freeze_part(std::size_t index) {
  operator_snapshot declared;
  declared.uid = parts_[index]->uid();
  for (const auto& keyed : parts_[index]->keyed()) {
    keyed.table->freeze(current_->epoch);
    state_snapshot state;
    state.name = keyed.name;
    state.schema = keyed.schema;
    declared.states.push_back(std::move(state));
  }
  current_->declared.operators.push_back(std::move(declared));
  current_->collected[index] = parts_[index]->snapshot(current_->epoch, current_->images[index]);
}

bool task_snapshotter::can_advance() const {
  if (!current_ || in_flight_ >= chunks_in_flight_max) return false;
  return current_->next_table < tables_.size();
}

void task_snapshotter::advance() {
  if (!current_) return;
  const auto until = ports_.now() + slice_time;
  while (current_->next_table < tables_.size()) {
    if (in_flight_ >= chunks_in_flight_max) return;
    drain_step();
    if (ports_.now() >= until) break;
  }
  if (current_->next_table == tables_.size() && collect_parts()) finish();
}

void task_snapshotter::drain_step() {
  const auto& entry = tables_[current_->next_table];
  const bool done = entry.table->drain(slots_per_step, drained_);
  for (auto& piece : drained_) put(entry.place, std::move(piece));
  drained_.clear();
  if (!done) return;
  const image_info image = entry.table->image();
  auto& state = current_->declared.operators[entry.place.part].states[entry.place.state];
  state.full = image.full;
  state.base = image.base;
  state.entries = image.entries;
  state.chain_length = 1;
  ++current_->next_table;
}

void task_snapshotter::put(chunk_place place, chunk content) {
  auto& state = current_->declared.operators[place.part].states[place.state];
  chunk_ref declared;
  declared.kind = content.kind;
  declared.groups = content.groups;
  declared.entries = content.entries;
  declared.bytes = static_cast<std::uint32_t>(content.bytes.size());
  declared.checksum = blob_checksum(current_->epoch, content);
  state.chunks.push_back(declared);
  ++chunks_sent_;
  bytes_sent_ += declared.bytes;
  ++in_flight_;
  ports_.put_chunk({current_->epoch, attempt_, task_, place, std::move(content)});
}

bool task_snapshotter::collect_parts() {
  bool all = true;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (!current_->collected[i]) {
      current_->collected[i] = parts_[i]->collect(current_->epoch, current_->images[i]);
    }
    all = all && current_->collected[i];
  }
  return all;
}

void task_snapshotter::put_lists(std::size_t part) {
  auto& declared = current_->declared.operators[part];
  for (auto& list : current_->images[part].lists) {
    state_snapshot state;
    state.name = list.name;
    state.schema = list.schema;
    for (const auto& piece : list.chunks) state.entries += piece.entries;
    declared.states.push_back(std::move(state));
    const chunk_place place{static_cast<std::uint32_t>(part),
                            static_cast<std::uint32_t>(declared.states.size() - 1)};
    for (auto& piece : list.chunks) put(place, std::move(piece));
  }
}

void task_snapshotter::finish() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    put_lists(i);
    auto& declared = current_->declared.operators[i];
    for (auto& split : current_->images[i].splits) {
      declared.splits.push_back({std::move(split.id), std::move(split.position)});
    }
    declared.intents = std::move(current_->images[i].intents);
  }
  current_->timing.drain = ports_.now() - current_->frozen;
  snapshot_end end{current_->epoch, attempt_, task_, std::move(current_->declared),
                   current_->timing};
  current_.reset();
  if (auto* faults = ports_.faults()) {
    faults->on_phase(fault_phase::writing, end.epoch,
                     [this](const fault_spec& fault) { ports_.strike(fault); });
  }
  ports_.end_snapshot(std::move(end));
}

void task_snapshotter::abort(epoch_id epoch) {
  for (const auto& entry : tables_) entry.table->abort(epoch);  // P10: its dirty sets are kept
  if (current_ && current_->epoch == epoch) current_.reset();
}

void task_snapshotter::complete(epoch_id epoch) {
  for (const auto& entry : tables_) entry.table->complete(epoch);
}

}  // namespace weir
