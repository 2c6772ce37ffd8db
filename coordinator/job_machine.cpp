// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_machine.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/duration.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

constexpr std::chrono::seconds commit_repeat{2};  // P17: repeated until confirmed

std::string milliseconds_of(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
         " ms";
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
  for (std::uint32_t i = 0; i < regions_.size(); ++i) regions_[i].id = {i};
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

void job_machine::start(time_point now) {
  options_.history->on_start(now);
  for (auto& region : regions_) begin_attempt(region, now);
}

// -- attempts ---------------------------------------------------------------------------------------------------------

void job_machine::begin_attempt(region_state& region, time_point now) {
  if (over_) return;
  const auto attempt = options_.attempts.take();
  if (options_.attempts.wants_refill()) effects_.reserve_attempts();
  region.what = phase::waiting;
  region.wants_attempt = !attempt;
  if (!attempt) return;
  region.attempt = *attempt;
  region.what = phase::rolling_back;
  region.outstanding = {region.tasks.begin(), region.tasks.end()};
  show_tasks(region, observed_task_state::created, now);
  effects_.roll_back(region.attempt, region.tasks);
}

void job_machine::show_tasks(const region_state& region, observed_task_state state,
                             time_point now) {
  for (const auto task : region.tasks) options_.history->on_task_state(task, state, now);
}

void job_machine::on_attempts_reserved(attempt_id first, std::uint64_t count, time_point now) {
  options_.attempts.refill(first, count);
  for (auto& region : regions_) {
    if (region.wants_attempt) begin_attempt(region, now);
  }
}

void job_machine::on_rolled_back(task_id task, attempt_id attempt, time_point now) {
  auto& region = region_of(task);
  if (over_ || region.attempt != attempt || region.what != phase::rolling_back) return;
  region.outstanding.erase(task);
  if (!region.outstanding.empty()) return;  // P13: only when all have
  region.what = phase::restoring;
  restore_waiting_regions(now);
}

/// P12: an epoch whose manifest is being written may become the one to go back to; wait for it.
void job_machine::restore_waiting_regions(time_point now) {
  if (writing_ || over_) return;
  for (auto& region : regions_) {
    const bool rolled_back = region.what == phase::restoring && region.outstanding.empty();
    if (rolled_back && !region.restart_at) restore_region(region, now);
  }
}

void job_machine::restore_region(region_state& region, time_point now) {
  region.outstanding = {region.tasks.begin(), region.tasks.end()};
  show_tasks(region, observed_task_state::initializing, now);
  reopen_convictions(region);
  for (const auto task : region.tasks) {
    auto from = plan_restore(last_, *options_.physical, task);
    from.poison = convictions_at(task);
    effects_.restore(region.attempt, task, std::move(from));
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
  show_tasks(region, observed_task_state::running, now);
  options_.history->on_region_resumed(region.id, last_.epoch, now);
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
  options_.history->on_state(
      stopping_ ? observed_job_state::cancelling : observed_job_state::running, now);
  if (last_.kind != checkpoint_kind::initial && last_.epoch.value != 0)
    options_.history->on_restored(last_.epoch, now);
  scheduler_.on_resumed(now);
  request_final_if_ending();
  if (options_.history->checkpoints_asked().any_waiting()) scheduler_.request_now();
  if (last_.epoch.value != 0)
    commit_all(last_.epoch, false, now);  // P17: what was complete is released
  advance_checkpoints(now);
}

// -- failures ---------------------------------------------------------------------------------------------------------

void job_machine::on_task_failed(task_id task, attempt_id attempt, const error& why, time_point now,
                                 const record_kill* kill) {
  auto& region = region_of(task);
  const std::string name = options_.physical->task_name(task);
  if (over_ || attempt < region.attempt)
    return;  // one failure of several, or of an attempt that is over
  const std::string cause = "task " + name + ": " + why.text();
  log_.with(
          {.job = options_.job, .task = name, .checkpoint = last_.epoch, .attempt = region.attempt})
      .warn("task failed: " + why.text());
  options_.history->on_failure(
      name, options_.physical->chain_of(task).region, why,
      kill != nullptr ? std::optional(identity_text(kill->identity)) : std::nullopt, now);
  stop_checkpoints("task " + name + " failed", now);
  for (const auto member : region.tasks) finishing_.erase(member);
  commit_.reset();
  if (why.recovery_class() == recovery::fail_job) return end_failed({why.code, cause}, now);
  const auto delay = kill != nullptr ? delay_after_kill(*kill, region.attempt, why, cause, now)
                                     : delay_after(why, cause, now);
  if (!delay) return;
  ++counters_.restarts;
  counters_.restarting = true;
  options_.history->on_state(observed_job_state::restarting, now);
  region.failed_at = region.failed_at.value_or(now);
  region.restart_at.reset();
  if (delay->count() != 0) {
    region.restart_at = now + *delay;
    options_.history->on_restart_delayed(*region.restart_at);
    log_.info("restarting in " + milliseconds_of(*delay));
  }
  begin_attempt(region, now);  // all stop at once; the delay is before they are restored
}

std::optional<std::chrono::nanoseconds> job_machine::delay_after(const error& why,
                                                                 const std::string& cause,
                                                                 time_point now) {
  const auto decision = strategy_.on_failure(now, effects_.random(), cause);
  if (const auto* stop = std::get_if<give_up>(&decision)) {
    end_failed({why.code, stop->reason}, now);
    return std::nullopt;
  }
  return std::get<restart_after>(decision).delay;
}

/// P7: the checkpoint in progress is over; its state goes to a later one (P10).
void job_machine::stop_checkpoints(const std::string& why, time_point now) {
  scheduler_.on_stopped();
  if (!pending_) return;
  const epoch_id epoch = pending_->epoch();
  const auto failure = pending_->abort(why);
  pending_.reset();
  options_.history->on_checkpoint_failed(epoch, failure.reason, now);
  options_.history->checkpoints_asked().on_outcome(error{error_code::limit, failure.reason});
  effects_.abort(epoch);
  effects_.abandon(epoch);
}

void job_machine::fail(error why, time_point now) {
  if (over_) return;
  options_.history->on_failure("", {}, why, {}, now);
  end_failed(std::move(why), now);
}

void job_machine::end_failed(error why, time_point now) {
  if (over_) return;
  log_.error("job failed: " + why.text());
  end(observed_job_state::failed, std::move(why), now);
}

void job_machine::cancel(time_point now) {
  if (over_) return;
  stop_checkpoints("the job is cancelled", now);
  end(observed_job_state::canceled, std::nullopt, now);
}

void job_machine::end(observed_job_state how, std::optional<error> failure, time_point now) {
  over_ = true;
  options_.history->on_end(how, failure, now);
  effects_.ended(std::move(failure));
}

// -- time -------------------------------------------------------------------------------------------------------------

void job_machine::on_time(time_point now) {
  if (over_) return;
  for (auto& region : regions_) {
    if (region.restart_at && *region.restart_at <= now) region.restart_at.reset();
  }
  restore_waiting_regions(now);
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
  if (commit_ && commit_->ends_job) return next;
  const auto step = scheduler_.next(now);
  if (const auto* wait = std::get_if<wait_until>(&step)) {
    if (wait->time) next = std::min(next, *wait->time);
  } else if (!writing_ && all_running()) {
    next = now;
  }
  return next;
}

}  // namespace weir
