// SPDX-License-Identifier: Apache-2.0
// The half of job_machine that is about checkpoints, commits and the end of the job.
#include <chrono>
#include <utility>
#include <variant>

#include "common/duration.hpp"
#include "coordinator/job_machine.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace {

error job_over() {
  return {error_code::not_found, "the job has ended"};
}

std::uint64_t written_bytes_of(const task_ack& ack) {
  std::uint64_t bytes = 0;
  for (const auto& state : ack.declared) {
    for (const auto& chunk : state.chunks) bytes += chunk.bytes;
  }
  return bytes;
}

constexpr std::size_t bases_kept =
    4;  // complete manifests that a task may not have been told of yet

}  // namespace

// -- checkpoints ------------------------------------------------------------------------------------------------------

void job_machine::advance_checkpoints(time_point now) {
  while (!over_) {
    if (commit_ && commit_->ends_job) return;  // none comes behind the last one
    const auto step = scheduler_.next(now);
    if (const auto* start = std::get_if<start_checkpoint>(&step)) {
      if (writing_ || !all_running()) return;
      const auto before = pending_.has_value();
      start_checkpoint_now(start->kind, now);
      if (pending_.has_value() == before) return;
    } else if (std::holds_alternative<expire_checkpoint>(step)) {
      for (const auto& progress : effects_.progress_of(pending_->epoch())) {
        pending_->on_progress(progress, now);
      }
      fail_checkpoint(pending_->on_timeout(now), now);
    } else {
      return;
    }
  }
}

void job_machine::start_checkpoint_now(checkpoint_kind kind, time_point now) {
  const auto epoch = options_.epochs.take();  // P5
  if (options_.epochs.wants_refill()) effects_.reserve_epochs();
  if (!epoch) return;
  const bool stops = stopping_ && kind == checkpoint_kind::final;
  pending_ends_job_ = stops || all_finishing();
  pending_.emplace(pending_options{.epoch = *epoch,
                                   .fence = options_.fence,
                                   .attempts = attempts(),
                                   .tasks = expected_tasks(),
                                   .kind = kind,
                                   .started = now});
  triggered_ = *epoch;
  scheduler_.on_started(*epoch, now);
  options_.history->on_triggered(*epoch, kind, now);
  options_.history->checkpoints_asked().on_started();
  if (stops) return effects_.trigger_last(*epoch);
  effects_.trigger(*epoch);
}

void job_machine::on_epochs_reserved(epoch_id first, std::uint64_t count, time_point now) {
  options_.epochs.refill(first, count);
  advance_checkpoints(now);
}

void job_machine::on_ack(task_ack ack, time_point now) {
  if (over_ || !pending_) return;
  const auto epoch = ack.from.epoch;
  const auto task = ack.from.task;
  const auto timing = ack.timing;
  const auto bytes = written_bytes_of(ack);
  const auto outcome = pending_->on_ack(std::move(ack));
  if (outcome == ack_outcome::accepted || outcome == ack_outcome::complete)
    options_.history->on_ack(epoch, task, timing, bytes, now);
  if (outcome == ack_outcome::complete) return seal(now);
  if (pending_->failure()) return fail_checkpoint(*pending_->failure(), now);
  if (outcome != ack_outcome::accepted) {
    log_.debug("ack of " + options_.physical->task_name(task) + " for checkpoint " +
               to_string(epoch) + ": " + std::string(to_string(outcome)));
  }
}

void job_machine::on_decline(const task_decline& decline, time_point now) {
  if (over_ || !pending_) return;
  pending_->on_decline(decline);
  if (pending_->failure()) fail_checkpoint(*pending_->failure(), now);
}

void job_machine::on_progress(const task_progress& progress, time_point now) {
  if (!over_ && pending_) pending_->on_progress(progress, now);
}

void job_machine::on_store_failed(epoch_id epoch, const error& why, time_point now) {
  if (over_ || !pending_ || pending_->epoch() != epoch) return;
  fail_checkpoint(pending_->abort("the snapshot store: " + why.text()), now);
}

/// Every task has acked: the manifest goes to the store, whose answer decides (P12).
void job_machine::seal(time_point now) {
  const auto bases = [this](epoch_id epoch) -> const manifest* {
    const auto found = bases_.find(epoch);
    return found == bases_.end() ? nullptr : &found->second;
  };
  auto complete = pending_->complete(manifest_head(), bases, now);
  if (!complete) return fail_checkpoint(*pending_->failure(), now);
  scheduler_.on_sealed(pending_->epoch());
  options_.history->on_sealed(complete->content);
  writing_ = complete->content;
  writing_ends_job_ = pending_ends_job_;
  writing_duration_ = complete->duration;
  writing_bytes_ = complete->new_bytes;
  pending_.reset();
  if (options_.poison.on_sealed(writing_->epoch)) {
    effects_.keep_poison(options_.poison.encode());
  }
  effects_.write_manifest(std::move(complete->content));
}

void job_machine::on_manifest_written(epoch_id epoch, result<void> outcome, time_point now) {
  if (!writing_ || writing_->epoch != epoch) return;
  manifest written = std::move(*writing_);
  writing_.reset();
  auto& history = *options_.history;
  if (outcome) {
    history.on_completed(epoch, now);
    history.checkpoints_asked().on_outcome(epoch);
  } else {
    history.on_checkpoint_failed(epoch, outcome.error().text(), now);
    history.checkpoints_asked().on_outcome(outcome.error());
  }
  if (over_) {  // cancelled meanwhile; what is durable is still the newest checkpoint
    if (outcome) {
      ++counters_.completed;
      counters_.last_completed = epoch;
    }
    return;
  }
  const bool in_progress = scheduler_.in_progress() == epoch;  // not when a failure came in between
  const auto lines = log_.with({.job = options_.job, .checkpoint = epoch});
  if (!outcome) {
    effects_.abort(epoch);
    ++counters_.failed;
    lines.warn("checkpoint failed: " + outcome.error().text());
    if (in_progress) bear_failed_checkpoint(epoch, outcome.error().text(), now);
    if (over_) return;
  } else {
    last_ = std::move(written);
    bases_.insert_or_assign(epoch, last_);
    while (bases_.size() > bases_kept) bases_.erase(bases_.begin());
    ++counters_.completed;
    counters_.last_completed = epoch;
    lines.debug("checkpoint complete: " + print_rounded(writing_duration_) + ", " +
                std::to_string(writing_bytes_) + " new bytes");
    if (in_progress) {
      scheduler_.on_completed(epoch, now);
      commit_all(epoch, writing_ends_job_, now);
    }
  }
  restore_waiting_regions(now);
  advance_checkpoints(now);
}

void job_machine::fail_checkpoint(const checkpoint_failure& failure, time_point now) {
  const checkpoint_failure copy = failure;
  pending_.reset();
  ++counters_.failed;
  log_.with({.job = options_.job, .checkpoint = copy.epoch})
      .warn("checkpoint failed: " + copy.reason);
  effects_.abort(copy.epoch);
  effects_.abandon(copy.epoch);
  options_.history->on_checkpoint_failed(copy.epoch, copy.reason, now);
  options_.history->checkpoints_asked().on_outcome(error{error_code::limit, copy.reason});
  bear_failed_checkpoint(copy.epoch, copy.reason, now);
}

/// Too many in a row end the job; but a job that was to stop goes on instead, and whoever asked learns why.
void job_machine::bear_failed_checkpoint(epoch_id epoch, const std::string& why, time_point now) {
  const auto verdict = scheduler_.on_failed(epoch, now, why);
  if (!verdict) return request_final_if_ending();
  if (!std::exchange(stopping_, false)) return fail({error_code::limit, verdict->story}, now);
  scheduler_.withdraw_final();
  options_.history->stops_asked().conclude(error{error_code::limit, verdict->story});
  options_.history->on_state(observed_job_state::running, now);
  log_.warn("not stopped, the job goes on: " + verdict->story);
  request_final_if_ending();
}

// -- commits and the end ----------------------------------------------------------------------------------------------

void job_machine::commit_all(epoch_id epoch, bool ends_job, time_point now) {
  open_commit next{epoch, {}, ends_job, now};
  std::vector<task_id> tasks;
  for (const auto& task : options_.physical->tasks) {
    tasks.push_back(task.id);
    next.outstanding.insert(task.id);
  }
  commit_ = std::move(next);  // cumulative: an older one that is still open is covered
  effects_.commit(epoch, tasks);
}

void job_machine::on_committed(task_id task, epoch_id epoch, time_point now) {
  if (over_ || !commit_ || epoch < commit_->epoch) return;
  commit_->outstanding.erase(task);
  if (!commit_->outstanding.empty()) return;
  const bool ends = commit_->ends_job;
  commit_.reset();
  if (!ends) return;
  log_.info(all_finishing() ? "job finished" : "job stopped; a later run goes on from here");
  options_.history->stops_asked().conclude(epoch);
  end(observed_job_state::finished, std::nullopt, now);
}

void job_machine::on_finishing(task_id task, attempt_id attempt, time_point now) {
  if (over_ || region_of(task).attempt != attempt) return;
  finishing_.insert(task);
  options_.history->on_task_state(task, observed_task_state::finished, now);
  request_final_if_ending();
  advance_checkpoints(now);
}

bool job_machine::all_finishing() const {
  return finishing_.size() == options_.physical->tasks.size();
}

/// P16: when everything has ended, or is to stop, one more checkpoint commits what the sinks hold.
void job_machine::request_final_if_ending() {
  if (all_finishing() || stopping_) scheduler_.request(checkpoint_kind::final);
}

// -- what is asked for ------------------------------------------------------------------------------------------------

void job_machine::on_checkpoint_asked(time_point now) {
  if (over_) return options_.history->checkpoints_asked().conclude(job_over());
  if (all_running()) scheduler_.request_now();
  advance_checkpoints(now);
}

void job_machine::on_stop_asked(time_point now) {
  if (over_) return options_.history->stops_asked().conclude(job_over());
  if (!std::exchange(stopping_, true)) log_.info("stopping with a final checkpoint");
  if (all_running()) {
    options_.history->on_state(observed_job_state::cancelling, now);
    request_final_if_ending();
  }
  advance_checkpoints(now);
}

// -- values -----------------------------------------------------------------------------------------------------------

std::vector<attempt_id> job_machine::attempts() const {
  std::vector<attempt_id> all;
  for (const auto& region : regions_) all.push_back(region.attempt);
  return all;
}

std::vector<expected_task> job_machine::expected_tasks() const {
  std::vector<expected_task> all;
  for (const auto& task : options_.physical->tasks) {
    const auto& chain = options_.physical->chains[task.chain];
    all.push_back({task.id, chain.region, chain.name, task.subtask, chain.parallelism});
  }
  return all;
}

/// What no task knows. Whether the job has finished, the tasks do.
manifest job_machine::manifest_head() const {
  manifest head;
  head.job = options_.job;
  head.build = options_.build;
  head.graph_fingerprint = options_.physical->fingerprint;
  head.key_hash_version = key_hash_version;
  for (const auto& node : options_.physical->logical->nodes) {
    if (node.kind == node_kind::sink && !node.recognises_epochs)
      head.unreleasable_sinks.push_back(node.name);
  }
  return head;
}

}  // namespace weir
