// SPDX-License-Identifier: Apache-2.0
#include "dataflow/task_core.hpp"

#include <algorithm>
#include <utility>

#include "weir/core/check.hpp"
#include "weir/core/table_image.hpp"

namespace weir {
namespace {

/// Input batches, and polls of a source, in one step: enough to pay for the step's message, little
/// enough that a marker or another task of the same thread does not wait.
constexpr int batches_per_step = 8;
constexpr int polls_per_step = 4;

std::vector<std::unique_ptr<output_gate>> make_gates(const plan& physical, task_id task,
                                                     attempt_id attempt, task_ports& ports) {
  std::vector<std::unique_ptr<output_gate>> gates;
  for (const auto exchange : physical.chain_of(task).outputs) {
    gates.push_back(std::make_unique<output_gate>(
        exchange, output_channels(physical, task, exchange), attempt, ports));
  }
  return gates;
}

std::vector<output_gate*> pointers_to(const std::vector<std::unique_ptr<output_gate>>& gates) {
  std::vector<output_gate*> pointers;
  for (const auto& gate : gates) pointers.push_back(gate.get());
  return pointers;
}

std::vector<std::shared_ptr<const channel_meters>> meters_of(
    const std::vector<std::unique_ptr<output_gate>>& gates) {
  std::vector<std::shared_ptr<const channel_meters>> meters;
  for (const auto& gate : gates) meters.push_back(gate->meters());
  return meters;
}

task_snapshot head_of(const subtask_info& subtask) {
  task_snapshot head;
  head.task = subtask.task;
  head.subtask = subtask.index;
  head.parallelism = subtask.parallelism;
  return head;
}

}  // namespace

task_core::task_core(std::shared_ptr<const plan> physical, task_id task, attempt_id attempt,
                     task_settings settings, task_ports& ports)
    : plan_(std::move(physical)),
      task_(task),
      subtask_{plan_->chain_of(task).name, plan_->tasks[task.value].subtask,
               plan_->chain_of(task).parallelism, attempt},
      settings_(settings),
      ports_(ports),
      faults_(ports.faults()),
      inputs_(input_channels(*plan_, task), attempt, settings.mode),
      gates_(make_gates(*plan_, task, attempt, ports)),
      units_(*plan_, plan_->chain_of(task), pointers_to(gates_)),
      snapshots_(task, attempt, head_of(subtask_), units_.parts(), ports),
      meter_(std::make_shared<task_meter>(attempt, ports.now(), meters_of(gates_))) {
  units_.attach(*this);
  if (faults_ != nullptr) faults_->begin_attempt();
}

task_core::~task_core() = default;

const std::vector<chunk_ref>& task_core::begin_restore(task_restore from) {
  had_ended_ = from.ended;
  begin_watches(from);
  restorer_ = std::make_unique<task_restorer>(std::move(from), units_.parts(),
                                              groups_of(subtask_.index, subtask_.parallelism));
  return restorer_->chunks();
}

/// P19: what is convicted is known before the first record.
void task_core::begin_watches(const task_restore& from) {
  restored_from_ = from.epoch;
  for (auto& [uid, watch] : watches_) {
    std::vector<conviction> listed;
    for (const auto& list : from.poison) {
      if (list.uid == uid) listed = list.records;
    }
    watch.begin(from.epoch, std::move(listed), ports_.breadcrumb(uid),
                [this, name = uid](record_identity which) { ports_.record_skipped(name, which); });
  }
}

result<void> task_core::on_chunk(const chunk& content) {
  WEIR_CHECK(restorer_ != nullptr, "a chunk for a task that restores nothing");
  return restorer_->on_chunk(content);
}

result<void> task_core::finish_restore() {
  WEIR_CHECK(phase_ == phase::building && restorer_ != nullptr, "restored twice");
  if (auto done = restorer_->finish(); !done) return done.error();
  restorer_.reset();
  units_.open();
  phase_ = phase::ready;
  return {};
}

void task_core::resume() {
  WEIR_CHECK(phase_ == phase::ready, "resumed before it was restored");
  phase_ = phase::running;
  last_flush_ = ports_.now();
  note_progress();
}

void task_core::on_element(element what) {
  const bool batch = what.what == element::kind::batch;
  if (!inputs_.offer(what) && batch) {
    // P3: the memory of an older attempt's batch goes back to its sender, without credit.
    const auto& from = inputs_.sender(what.channel);
    ports_.give_credit(from.peer,
                       {what.attempt, from.exchange, from.peer_channel, std::move(what.content)});
  }
}

void task_core::on_credit(credit_return what) {
  for (const auto& gate : gates_) {
    if (gate->exchange() == what.exchange) return gate->on_credit(std::move(what));
  }
}

void task_core::on_lane_done(lane_job& job) {
  job.done();
  woken_ = true;
}

void task_core::wake() {
  woken_ = true;
}

void task_core::on_trigger(epoch_id epoch, sources_then then) {
  if (!runs() || epoch <= triggered_) return;
  triggered_ = epoch;
  if (then == sources_then::stop) stopped_at_ = epoch;
  // A task with live inputs takes its snapshot when their markers have come; should they end
  // without, finish_input does.
  if (units_.source() != nullptr || phase_ == phase::finishing) snapshot(epoch);
}

void task_core::on_abort(epoch_id epoch) {
  if (inputs_.on_abort(epoch)) note_alignment();
  if (stopped_at_ && *stopped_at_ <= epoch) stopped_at_.reset();
  abandon(epoch);
}

void task_core::abandon(epoch_id epoch) {
  last_snapshot_ = std::max(last_snapshot_, epoch);
  snapshots_.abort(epoch);
}

void task_core::on_commit(epoch_id epoch, epoch_id oldest_retained) {
  if (!runs()) return;
  // What was restored is committed again (P17): a fault there would end each process of a guard anew.
  if (epoch > restored_from_) meet_phase(fault_phase::committing, epoch);
  snapshots_.complete(epoch);
  for (auto* part : units_.parts()) part->retained_from(oldest_retained);
  for (auto& [uid, watch] : watches_) watch.on_complete(epoch);
  if (!watches_.empty() && epoch > restored_from_) ports_.breadcrumbs_over();
  committing_ = std::max(committing_.value_or(epoch), epoch);
  bool all = true;
  for (auto* part : units_.parts()) all = part->commit(*committing_) && all;
  if (all) {
    ports_.confirm_commit(*committing_);
    committing_.reset();
  }
}

void task_core::confirm_commits() {
  if (!committing_) return;
  for (auto* part : units_.parts()) {
    if (!part->committed(*committing_)) return;
  }
  ports_.confirm_commit(*committing_);
  committing_.reset();
}

/// P6, P8: freezes, forwards the marker at once, and goes on.
void task_core::snapshot(epoch_id epoch) {
  if (epoch <= last_snapshot_) return;
  last_snapshot_ = epoch;
  for (auto& [uid, watch] : watches_) watch.on_snapshot(epoch);
  meet_phase(fault_phase::aligning, epoch);
  const bool declines = snapshots_.open();
  const auto open_epoch = snapshots_.epoch();
  if (!declines) {
    const auto aligned = ports_.now();
    const auto reached = std::exchange(first_marker_, std::nullopt).value_or(aligned);
    snapshots_.begin(epoch, phase_ == phase::finishing,
                     {.reached = reached, .alignment = aligned - reached});
    meter_->note([&](task_notes& notes) { notes.last_alignment = aligned - reached; });
    note_stage(snapshot_stage::draining, epoch);
  }
  if (phase_ != phase::finishing) {
    for (const auto& gate : gates_) gate->send_marker(epoch);
  }
  if (declines) {
    ports_.decline(epoch, "draining epoch " + to_string(*open_epoch) + " (" +
                              std::to_string(snapshots_.bytes_sent()) + " bytes so far)");
  } else {
    meet_phase(fault_phase::draining, epoch);
    advance_snapshot();
  }
}

void task_core::advance_snapshot() {
  const auto open = snapshots_.epoch();
  if (!open) return;
  snapshots_.advance();
  meter_->note([this](task_notes& notes) {
    notes.chunks_sent = snapshots_.chunks_sent();
    notes.bytes_sent = snapshots_.bytes_sent();
  });
  if (!snapshots_.open()) note_stage(snapshot_stage::sent, *open);
}

bool task_core::can_take_input() const {
  if (phase_ != phase::running) return false;
  for (const auto& gate : gates_) {
    if (gate->blocked()) return false;
  }
  return units_.ready();
}

bool task_core::source_may_read() const {
  return units_.source() != nullptr && !source_ended_ && !source_waiting_ && !stopped_at_;
}

bool task_core::has_work() const {
  if (!runs()) return false;
  if (woken_ || snapshots_.can_advance()) return true;
  return (inputs_.has_work() || source_may_read()) && can_take_input();
}

void task_core::step() {
  if (!runs()) return;
  if (std::exchange(woken_, false)) {
    source_waiting_ = false;
    source_wait_ = steady_time::max();
    confirm_commits();
    advance_snapshot();
  }
  take_inputs();
  if (units_.source() != nullptr) poll_source();
  if (snapshots_.can_advance()) advance_snapshot();
  meter_->queued_batches.set(inputs_.queued_batches());
}

void task_core::take_inputs() {
  for (int i = 0; i < batches_per_step && inputs_.has_work() && can_take_input(); ++i) {
    auto next = inputs_.next();
    if (inputs_.aligning()) meet_phase(fault_phase::aligning, *inputs_.aligning());
    if (next.abandoned) {  // P7
      first_marker_.reset();
      abandon(*next.abandoned);
    }
    if (next.aligned) snapshot(*next.aligned);
    if (next.abandoned || inputs_.markers_delivered() != noted_markers_) note_alignment();
    if (next.batch) process(std::move(*next.batch));
    if (next.ended) finish_input();
  }
}

void task_core::process(element what) {
  batch_ptr content = std::move(what.content);
  const std::uint64_t records = content->size();
  records_in_ += records;
  meter_->records_in.add(records);
  meter_->bytes_in.add(content->bytes());
  meter_->batches_in.add(1);
  const std::int64_t made_us = content->time_us;
  if (content->shared) {  // a broadcast: other readers see the same batch
    batch_ptr own(content->copy());
    units_.accept(*own);
  } else {
    units_.accept(*content);
    content->clear();
  }
  note_written();
  meet_batch(records);
  if (sample_next_) sample_latency(made_us);
  const auto& from = inputs_.sender(what.channel);
  ports_.give_credit(from.peer,
                     {what.attempt, from.exchange, from.peer_channel, std::move(content)});
  after_batch();
}

void task_core::poll_source() {
  for (int i = 0; i < polls_per_step; ++i) {
    if (!source_may_read() || !can_take_input()) return;
    const std::int64_t began_us = sample_next_ ? ports_.wall_us() : 0;
    const poll_result polled = units_.source()->poll();
    meter_->records_read.add(polled.records);
    note_written();
    if (sample_next_ && polled.records > 0) sample_latency(began_us);
    if (polled.status == poll_result::kind::ended) {
      source_ended_ = true;
      finish_input();
      return;
    }
    if (polled.status == poll_result::kind::wait) {
      source_waiting_ = true;
      source_wait_ = polled.until;
      flush();  // nothing more to do: what is there leaves at once
      return;
    }
    meet_batch(0);
    after_batch();
  }
}

void task_core::meet_batch(std::uint64_t records) {
  if (faults_ == nullptr) return;
  faults_->on_batch(records, [this](const fault_spec& fault) { ports_.strike(fault); });
}

void task_core::meet_phase(fault_phase reached, epoch_id epoch) {
  if (faults_ == nullptr) return;
  faults_->on_phase(reached, epoch, [this](const fault_spec& fault) { ports_.strike(fault); });
}

/// The backstop of flush-when-idle: a batch waits for company no longer than the buffer timeout.
void task_core::after_batch() {
  ports_.beat();
  if (gates_.empty()) return;
  if (ports_.now() - last_flush_ >= settings_.buffer_timeout) flush();
}

void task_core::finish_input() {
  if (had_ended_ && records_in_ == 0) {
    units_.end_again();
  } else {
    units_.end();
  }
  note_written();
  phase_ = phase::finishing;
  for (const auto& gate : gates_) gate->send_end();
  ports_.finishing();
  if (last_snapshot_ < triggered_)
    snapshot(triggered_);  // P6: all channels count as having delivered it
}

void task_core::flush() {
  last_flush_ = ports_.now();
  if (phase_ != phase::running) return;
  units_.flush();
  note_written();
  for (const auto& gate : gates_) gate->flush();
}

bool task_core::holds_records() const {
  if (phase_ != phase::running) return false;
  for (const auto& gate : gates_) {
    if (gate->holds_records()) return true;
  }
  return units_.holds_records();
}

std::vector<state_size> task_core::state_sizes() const {
  std::vector<state_size> sizes;
  for (auto* part : units_.parts()) {
    for (const auto& keyed : part->keyed()) {
      sizes.push_back({part->uid(), keyed.name, keyed.table->memory_bytes(), keyed.table->size()});
    }
  }
  return sizes;
}

void task_core::close() {
  units_.close();
}

}  // namespace weir
