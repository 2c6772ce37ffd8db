// SPDX-License-Identifier: Apache-2.0
// The part of task_core that shows to others how the task is doing.
#include <algorithm>
#include <chrono>

#include "dataflow/task_core.hpp"

namespace weir {

task_wait task_core::waits_for() const {
  if (has_work()) return task_wait::none;
  if (phase_ != phase::running) return task_wait::input;
  for (const auto& gate : gates_) {
    if (gate->blocked()) return task_wait::credit;
  }
  if (!units_.ready()) return task_wait::lane;
  if (units_.source() != nullptr) return task_wait::source;
  return inputs_.aligning() ? task_wait::marker : task_wait::input;
}

void task_core::note_progress() {
  if (units_.source() == nullptr) return;
  meter_->note([now = units_.source()->progress()](task_notes& notes) { notes.progress = now; });
}

/// A marker has come, or the alignment is over.
void task_core::note_alignment() {
  noted_markers_ = inputs_.markers_delivered();
  const auto epoch = inputs_.aligning();
  if (!epoch) first_marker_.reset();
  if (epoch && !first_marker_) {
    first_marker_ = ports_.now();
    note_stage(snapshot_stage::aligning, *epoch);
  }
  meter_->note([this](task_notes& notes) { notes.missing_markers = inputs_.missing_markers(); });
}

void task_core::note_stage(snapshot_stage stage, epoch_id epoch) {
  meter_->note([=, now = ports_.now()](task_notes& notes) {
    if (epoch != notes.epoch) notes.chunks_sent = notes.bytes_sent = 0;
    notes.epoch = epoch;
    notes.stage = stage;
    notes.stage_since = now;
  });
}

void task_core::sample_latency(std::int64_t since_us) {
  sample_next_ = false;
  const std::int64_t latency_us = std::max<std::int64_t>(ports_.wall_us() - since_us, 0);
  meter_->latency.add(std::chrono::microseconds(latency_us));
}

}  // namespace weir
