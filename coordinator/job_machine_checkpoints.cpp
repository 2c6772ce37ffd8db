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

constexpr std::size_t bases_kept =
    4;  // complete manifests that a task may not have been told of yet

}  // namespace

// -- checkpoints ------------------------------------------------------------------------------------------------------

void job_machine::advance_checkpoints(time_point now) {
  while (!over_) {
    const auto step = scheduler_.next(now);
    if (const auto* start = std::get_if<start_checkpoint>(&step)) {
      if (writing_ || !all_running()) return;
      const auto before = pending_.has_value();
      start_checkpoint_now(start->kind, now);
      if (pending_.has_value() == before) return;
    } else if (std::holds_alternative<expire_checkpoint>(step)) {
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
  pending_ends_job_ = finishing_.size() == options_.physical->tasks.size();
  pending_.emplace(pending_options{.epoch = *epoch,
                                   .fence = options_.fence,
                                   .attempts = attempts(),
                                   .tasks = expected_tasks(),
                                   .kind = kind,
                                   .started = now});
  triggered_ = *epoch;
  scheduler_.on_started(*epoch, now);
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
  const auto outcome = pending_->on_ack(std::move(ack));
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
  auto complete = pending_->complete(manifest_head(pending_ends_job_), bases, now);
  if (!complete) return fail_checkpoint(*pending_->failure(), now);
  scheduler_.on_sealed(pending_->epoch());
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
    if (in_progress) {
      if (auto story = scheduler_.on_failed(epoch, now, outcome.error().text())) {
        return fail({error_code::limit, story->story});
      }
    }
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
  restore_waiting_regions();
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
  if (auto story = scheduler_.on_failed(copy.epoch, now, copy.reason)) {
    return fail({error_code::limit, story->story});
  }
  request_final_if_finishing();
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

void job_machine::on_committed(task_id task, epoch_id epoch, time_point) {
  if (over_ || !commit_ || epoch < commit_->epoch) return;
  commit_->outstanding.erase(task);
  if (!commit_->outstanding.empty()) return;
  const bool ends = commit_->ends_job;
  commit_.reset();
  if (!ends) return;
  over_ = true;
  log_.info("job finished");
  effects_.ended(std::nullopt);
}

void job_machine::on_finishing(task_id task, attempt_id attempt, time_point now) {
  if (over_ || region_of(task).attempt != attempt) return;
  finishing_.insert(task);
  request_final_if_finishing();
  advance_checkpoints(now);
}

/// P16: when everything has ended, one more checkpoint commits what the sinks hold.
void job_machine::request_final_if_finishing() {
  if (finishing_.size() == options_.physical->tasks.size()) {
    scheduler_.request(checkpoint_kind::final);
  }
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

manifest job_machine::manifest_head(bool ends_job) const {
  manifest head;
  head.job = options_.job;
  head.build = options_.build;
  head.graph_fingerprint = options_.physical->fingerprint;
  head.key_hash_version = key_hash_version;
  head.finished = ends_job;
  for (const auto& node : options_.physical->logical->nodes) {
    if (node.kind == node_kind::sink && !node.recognises_epochs)
      head.unreleasable_sinks.push_back(node.name);
  }
  return head;
}

}  // namespace weir
