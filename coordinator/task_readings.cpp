// SPDX-License-Identifier: Apache-2.0
#include "coordinator/task_readings.hpp"

#include <algorithm>

#include "dataflow/element.hpp"

namespace weir {
namespace {

constexpr std::size_t named_max = 5;  // one line stays readable

void read_outputs(const plan& physical, task_id task, const task_meter& meter, task_reading& into) {
  const auto& exchanges = physical.chain_of(task).outputs;
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    const auto ends = output_channels(physical, task, exchanges[i]);
    const auto& channels = *meter.outputs()[i];
    for (std::size_t c = 0; c < ends.size(); ++c) {
      channel_reading one;
      one.exchange = exchanges[i];
      one.to = ends[c].peer;
      one.records = channels[c].records.get();
      one.bytes = channels[c].bytes.get();
      one.batches = channels[c].batches.get();
      one.in_flight = channels[c].in_flight.get();
      one.credits = channel_credits;
      into.records_out += one.records;
      into.bytes_out += one.bytes;
      into.batches_out += one.batches;
      if (into.waits_for == task_wait::credit && channels[c].waits.get())
        into.waits_on.push_back(one.to);
      into.outputs.push_back(one);
    }
  }
}

snapshot_phase phase_of(const task_notes& notes, epoch_id epoch) {
  if (notes.epoch != epoch) return snapshot_phase::waiting;
  switch (notes.stage) {
    case snapshot_stage::none:
      return snapshot_phase::waiting;
    case snapshot_stage::aligning:
      return snapshot_phase::aligning;
    case snapshot_stage::draining:
      return snapshot_phase::draining;
    case snapshot_stage::sent:
      return snapshot_phase::writing;
  }
  return snapshot_phase::waiting;
}

}  // namespace

task_reading read_task(const plan& physical, task_id task, const task_meter* meter, steady_time now,
                       const time_of_day& at) {
  task_reading made;
  made.task = task;
  if (meter == nullptr) return made;
  const auto times = meter->times(now);
  const auto notes = meter->notes();
  made.attempt = meter->attempt();
  made.attempt_began = at(meter->began());
  made.records_read = meter->records_read.get();
  made.records_written = meter->records_written.get();
  made.records_in = meter->records_in.get();
  made.bytes_in = meter->bytes_in.get();
  made.batches_in = meter->batches_in.get();
  made.queued_batches = meter->queued_batches.get();
  made.busy = times.busy;
  made.idle = times.idle;
  made.back_pressured = times.back_pressured;
  made.waits_for = times.waits_for;
  made.waits_since = at(times.since);
  made.last_alignment = notes.last_alignment;
  made.left_to_read = notes.progress.left;
  made.all_to_read = notes.progress.all;
  read_outputs(physical, task, *meter, made);
  if (made.waits_for == task_wait::marker) {
    const auto senders = input_channels(physical, task);
    for (const auto channel : notes.missing_markers) made.waits_on.push_back(senders[channel].peer);
  }
  return made;
}

std::string wait_text(const plan& physical, const task_reading& task) {
  const auto names = [&] {
    std::string text;
    for (std::size_t i = 0; i < std::min(task.waits_on.size(), named_max); ++i) {
      text += (i == 0 ? "" : ", ") + physical.task_name(task.waits_on[i]);
    }
    const bool more = task.waits_on.size() > named_max;
    return more ? text + " and " + std::to_string(task.waits_on.size() - named_max) + " more"
                : text;
  };
  switch (task.waits_for) {
    case task_wait::none:
      return {};
    case task_wait::input:
      return "waits for records";
    case task_wait::source:
      return "its source has nothing to read";
    case task_wait::marker:
      return "waits for the marker of " + names();
    case task_wait::credit:
      return "waits for credit of " + names();
    case task_wait::lane:
      return "waits for its sink's writes";
  }
  return {};
}

std::vector<task_progress> snapshot_progress(const plan& physical, const task_meters& meters,
                                             epoch_id epoch, steady_time now) {
  std::vector<task_progress> all;
  for (const auto& task : physical.tasks) {
    const auto meter = meters.of(task.id).newest;
    if (!meter) continue;
    const auto notes = meter->notes();
    task_progress one;
    one.from = {task.id, epoch, meter->attempt(), {}};
    one.phase = phase_of(notes, epoch);
    if (one.phase != snapshot_phase::waiting) one.since = notes.stage_since;
    if (one.phase == snapshot_phase::aligning) {
      one.total = input_channels(physical, task.id).size();
      one.done = one.total - std::min<std::size_t>(one.total, notes.missing_markers.size());
    } else if (one.phase == snapshot_phase::draining || one.phase == snapshot_phase::writing) {
      one.done = notes.chunks_sent;
      one.waits_for = std::to_string(notes.bytes_sent) + " bytes so far";
    }
    const auto waits = wait_text(
        physical, read_task(physical, task.id, meter.get(), now, [](steady_time) { return 0; }));
    if (!waits.empty()) one.waits_for += (one.waits_for.empty() ? "" : ", ") + waits;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace weir
