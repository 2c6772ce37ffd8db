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
  stop_checkpoints("task " + name + " failed");
  for (const auto member : region.tasks) finishing_.erase(member);
  commit_.reset();
  if (why.recovery_class() == recovery::fail_job) return fail({why.code, cause});
  const auto delay = kill != nullptr ? delay_after_kill(*kill, region.attempt, why, cause, now)
                                     : delay_after(why, cause, now);
  if (!delay) return;
  ++counters_.restarts;
  counters_.restarting = true;
  region.failed_at = region.failed_at.value_or(now);
  region.restart_at.reset();
  if (delay->count() != 0) {
    region.restart_at = now + *delay;
    log_.info("restarting in " + milliseconds_of(*delay));
  }
  begin_attempt(region);  // all stop at once; the delay is before they are restored
}

std::optional<std::chrono::nanoseconds> job_machine::delay_after(const error& why,
                                                                 const std::string& cause,
                                                                 time_point now) {
  const auto decision = strategy_.on_failure(now, effects_.random(), cause);
  if (const auto* stop = std::get_if<give_up>(&decision)) {
    fail({why.code, stop->reason});
    return std::nullopt;
  }
  return std::get<restart_after>(decision).delay;
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

}  // namespace weir
