// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_machine.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/duration.hpp"
#include "weir/core/check.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace {

constexpr std::chrono::seconds commit_repeat{2};  // P17: repeated until confirmed
constexpr std::size_t bases_kept = 4;             // complete manifests that a task may not have been told of yet

std::string milliseconds_of(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

job_machine::job_machine(job_machine_options options, job_effects& effects)
    : options_(std::move(options)),
      effects_(effects),
      log_(log_layer::coordinator, {.job = options_.job}),
      scheduler_(options_.checkpoints),
      strategy_(options_.restarts),
      regions_(options_.physical->region_count),
      last_(options_.restore_from) {
  for (const auto& task : options_.physical->tasks) {
    region_of(task.id).tasks.push_back(task.id);
  }
  bases_.emplace(last_.epoch, last_);
  counters_.last_completed = last_.epoch;
}

job_machine::region_state& job_machine::region_of(task_id task) {
  return regions_[options_.physical->chain_of(task).region.value];
}

bool job_machine::all_running() const {
  return std::all_of(regions_.begin(), regions_.end(),
                     [](const region_state& region) { return region.what == phase::running; });
}

void job_machine::start(time_point) {
  for (auto& region : regions_) begin_attempt(region);
}

// -- attempts ---------------------------------------------------------------------------------------------------------

void job_machine::begin_attempt(region_state& region) {
  if (over_) return;
  const auto attempt = options_.attempts.take();
  if (options_.attempts.wants_refill()) effects_.reserve_attempts();
  region.what = phase::waiting;
  region.wants_attempt = !attempt;
  if (!attempt) return;
  region.attempt = *attempt;
  region.what = phase::rolling_back;
  region.outstanding = {region.tasks.begin(), region.tasks.end()};
  effects_.roll_back(region.attempt, region.tasks);
}

void job_machine::on_attempts_reserved(attempt_id first, std::uint64_t count, time_point) {
  options_.attempts.refill(first, count);
  for (auto& region : regions_) {
    if (region.wants_attempt) begin_attempt(region);
  }
}

void job_machine::on_rolled_back(task_id task, attempt_id attempt, time_point) {
  auto& region = region_of(task);
  if (over_ || region.attempt != attempt || region.what != phase::rolling_back) return;
  region.outstanding.erase(task);
  if (!region.outstanding.empty()) return;  // P13: only when all have
  region.what = phase::restoring;
  restore_waiting_regions();
}

/// P12: an epoch whose manifest is being written may become the one to go back to; wait for it.
void job_machine::restore_waiting_regions() {
  if (writing_ || over_) return;
  for (auto& region : regions_) {
    const bool rolled_back = region.what == phase::restoring && region.outstanding.empty();
    if (rolled_back && !region.restart_at) restore_region(region);
  }
}

void job_machine::restore_region(region_state& region) {
  region.outstanding = {region.tasks.begin(), region.tasks.end()};
  for (const auto task : region.tasks) {
    effects_.restore(region.attempt, task, plan_restore(last_, *options_.physical, task));
  }
}

void job_machine::on_restored(task_id task, attempt_id attempt, time_point now) {
  auto& region = region_of(task);
  if (over_ || region.attempt != attempt || region.what != phase::restoring) return;
  region.outstanding.erase(task);
  if (region.outstanding.empty()) region_resumed(region, now);
}

void job_machine::region_resumed(region_state& region, time_point now) {
  region.what = phase::running;
  effects_.resume(region.attempt, region.tasks);
  if (region.failed_at) {
    counters_.last_restart = now - *region.failed_at;
    log_.with({.job = options_.job, .checkpoint = last_.epoch, .attempt = region.attempt})
        .info("restarted " + std::to_string(region.tasks.size()) + " tasks in " +
              milliseconds_of(counters_.last_restart));
    region.failed_at.reset();
  }
  if (!all_running()) return;
  counters_.restarting = false;
  scheduler_.on_resumed(now);
  if (last_.epoch.value != 0) commit_all(last_.epoch, false, now);  // P17: what was complete is released
  advance_checkpoints(now);
}

// -- failures ---------------------------------------------------------------------------------------------------------

void job_machine::on_task_failed(task_id task, attempt_id attempt, const error& why, time_point now) {
  auto& region = region_of(task);
  const std::string name = options_.physical->task_name(task);
  if (over_ || attempt < region.attempt) return;  // one failure of several, or of an attempt that is over
  const std::string cause = "task " + name + ": " + why.text();
  log_.with({.job = options_.job, .task = name, .checkpoint = last_.epoch, .attempt = region.attempt})
      .warn("task failed: " + why.text());
  stop_checkpoints("task " + name + " failed");
  for (const auto member : region.tasks) finishing_.erase(member);
  commit_.reset();
  if (why.recovery_class() == recovery::fail_job) return fail({why.code, cause});
  const auto decision = strategy_.on_failure(now, effects_.random(), cause);
  if (const auto* stop = std::get_if<give_up>(&decision)) return fail({why.code, stop->reason});
  ++counters_.restarts;
  counters_.restarting = true;
  region.failed_at = region.failed_at.value_or(now);
  const auto delay = std::get<restart_after>(decision).delay;
  region.restart_at.reset();
  if (delay.count() != 0) {
    region.restart_at = now + delay;
    log_.info("restarting in " + milliseconds_of(delay));
  }
  begin_attempt(region);  // all stop at once; the delay is before they are restored
}

/// P7: the checkpoint in progress is over; its state goes to a later one (P10).
void job_machine::stop_checkpoints(const std::string& why) {
  scheduler_.on_stopped();
  if (!pending_) return;
  const epoch_id epoch = pending_->epoch();
  pending_->abort(why);
  pending_.reset();
  effects_.abort(epoch);
  effects_.abandon(epoch);
}

void job_machine::fail(error why) {
  if (std::exchange(over_, true)) return;
  log_.error("job failed: " + why.text());
  effects_.ended(std::move(why));
}

void job_machine::cancel() {
  if (over_) return;
  stop_checkpoints("the job is cancelled");
  over_ = true;
  effects_.ended(std::nullopt);
}

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
    log_.debug("ack of " + options_.physical->task_name(task) + " for checkpoint " + to_string(epoch) +
               ": " + std::string(to_string(outcome)));
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
  effects_.write_manifest(std::move(complete->content));
}

void job_machine::on_manifest_written(epoch_id epoch, result<void> outcome, time_point now) {
  if (over_ || !writing_ || writing_->epoch != epoch) return;
  manifest written = std::move(*writing_);
  writing_.reset();
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
    lines.debug("checkpoint complete: " + milliseconds_of(writing_duration_) + ", " +
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
  log_.with({.job = options_.job, .checkpoint = copy.epoch}).warn("checkpoint failed: " + copy.reason);
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

// -- time -------------------------------------------------------------------------------------------------------------

void job_machine::on_time(time_point now) {
  if (over_) return;
  for (auto& region : regions_) {
    if (region.restart_at && *region.restart_at <= now) region.restart_at.reset();
  }
  restore_waiting_regions();
  if (commit_ && commit_->sent + commit_repeat <= now) {
    commit_->sent = now;
    effects_.commit(commit_->epoch, {commit_->outstanding.begin(), commit_->outstanding.end()});
  }
  advance_checkpoints(now);
}

job_machine::time_point job_machine::next_time(time_point now) const {
  time_point next = time_point::max();
  if (over_) return next;
  for (const auto& region : regions_) {
    if (region.restart_at) next = std::min(next, *region.restart_at);
  }
  if (commit_) next = std::min(next, commit_->sent + commit_repeat);
  const auto step = scheduler_.next(now);
  if (const auto* wait = std::get_if<wait_until>(&step)) {
    if (wait->time) next = std::min(next, *wait->time);
  } else if (!writing_ && all_running()) {
    next = now;
  }
  return next;
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
    if (node.kind == node_kind::sink && !node.recognises_epochs) head.unreleasable_sinks.push_back(node.name);
  }
  return head;
}

}  // namespace weir
