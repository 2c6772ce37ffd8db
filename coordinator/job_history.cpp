// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_history.hpp"

#include <algorithm>

namespace weir {
namespace {

template <class List>
void keep_first(List& list, std::size_t most) {
  while (list.size() > most) list.pop_back();
}

std::uint64_t bytes_of(const task_snapshot& snapshot) {
  std::uint64_t bytes = 0;
  for (const auto& one : snapshot.operators) {
    for (const auto& state : one.states) {
      for (const auto& chunk : state.chunks) bytes += chunk.bytes;
    }
  }
  return bytes;
}

}  // namespace

job_history::job_history(unix_ms began, std::size_t tasks, history_limits limits)
    : limits_(limits), began_(began), tasks_(tasks) {}

unix_ms job_history::time_of_day(time_point at) const {
  return began_ + std::chrono::duration_cast<std::chrono::milliseconds>(at - start_).count();
}

// -- the job's life ---------------------------------------------------------------------------------------------------

void job_history::on_start(time_point now) {
  start_ = now;
  on_state(observed_job_state::created, now);
}

void job_history::on_state(observed_job_state state, time_point now) {
  if (state == state_ && !timestamps_.empty()) return;
  state_ = state;
  std::erase_if(timestamps_, [state](const auto& one) { return one.first == state; });
  timestamps_.emplace_back(state, time_of_day(now));
}

void job_history::on_task_state(task_id task, observed_task_state state, time_point now) {
  if (task.value < tasks_.size()) tasks_[task.value] = {state, time_of_day(now)};
}

void job_history::on_end(observed_job_state state, const std::optional<error>& failure,
                         time_point now) {
  on_state(state, now);
  ended_ = time_of_day(now);
  failure_ = failure;
  const auto last = state == observed_job_state::finished ? observed_task_state::finished
                                                          : observed_task_state::canceled;
  for (auto& task : tasks_) {
    if (task.state == observed_task_state::finished || task.state == observed_task_state::failed)
      continue;
    task = {last, ended_};
  }
  const error over{error_code::not_found, "the job has ended"};
  checkpoints_asked_.conclude(over);
  stops_asked_.conclude(over);
}

// -- failures ---------------------------------------------------------------------------------------------------------

void job_history::on_failure(std::string task, region_id region, const error& why,
                             std::optional<std::string> record, time_point now) {
  exceptions_.push_front({.when = time_of_day(now),
                          .task = std::move(task),
                          .why = why,
                          .record = std::move(record),
                          .restored_to = {},
                          .until_running = {}});
  open_failures_.push_back({region, now, failures_++});
  keep_first(exceptions_, limits_.exceptions);
  std::erase_if(open_failures_, [this](const open_failure& open) {
    return failures_ - 1 - open.number >= exceptions_.size();  // nobody can be told any more
  });
}

void job_history::on_region_resumed(region_id region, epoch_id from, time_point now) {
  std::erase_if(open_failures_, [&](const open_failure& open) {
    if (open.region != region) return false;
    const auto place = failures_ - 1 - open.number;
    if (place < exceptions_.size()) {
      exceptions_[place].restored_to = from;
      exceptions_[place].until_running = now - open.at;
    }
    return true;
  });
}

void job_history::on_restored(epoch_id from, time_point now) {
  ++checkpoints_.restored;
  checkpoints_.latest_restored = from;
  checkpoints_.latest_restored_at = time_of_day(now);
}

// -- checkpoints ------------------------------------------------------------------------------------------------------

void job_history::on_triggered(epoch_id epoch, checkpoint_kind kind, time_point now) {
  checkpoint_record made;
  made.epoch = epoch;
  made.kind = kind;
  made.triggered = time_of_day(now);
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    made.tasks.emplace_back();
    made.tasks.back().task = {task};
  }
  checkpoints_.in_progress = std::move(made);
  triggered_ = now;
  last_ack_.reset();
}

void job_history::on_ack(epoch_id epoch, task_id task, const snapshot_timing& timing,
                         std::uint64_t written_bytes, time_point now) {
  auto& open = checkpoints_.in_progress;
  if (!open || open->epoch != epoch || task.value >= open->tasks.size()) return;
  auto& entry = open->tasks[task.value];
  entry.acked = time_of_day(now);
  entry.start_delay = std::max(timing.reached - triggered_, time_point::duration::zero());
  entry.alignment = timing.alignment;
  entry.freeze = timing.freeze;
  entry.drain = timing.drain;
  entry.written_bytes = entry.state_bytes = written_bytes;
  open->written_bytes += written_bytes;
  open->state_bytes += written_bytes;
  open->last_ack = entry.acked;
  last_ack_ = now;
}

/// Only now is it known what the deltas stand on.
void job_history::on_sealed(const manifest& content) {
  auto& open = checkpoints_.in_progress;
  if (!open || open->epoch != content.epoch) return;
  open->state_bytes = 0;
  for (std::size_t i = 0; i < std::min(open->tasks.size(), content.tasks.size()); ++i) {
    open->tasks[i].state_bytes = bytes_of(content.tasks[i]);
    open->state_bytes += open->tasks[i].state_bytes;
  }
}

void job_history::on_completed(epoch_id epoch, time_point now) {
  if (!checkpoints_.in_progress || checkpoints_.in_progress->epoch != epoch) return;
  ++checkpoints_.completed;
  close_checkpoint(observed_checkpoint_state::completed, now);
  checkpoints_.latest_completed = checkpoints_.entries.front();
}

void job_history::on_checkpoint_failed(epoch_id epoch, const std::string& why, time_point now) {
  if (!checkpoints_.in_progress || checkpoints_.in_progress->epoch != epoch) return;
  ++checkpoints_.failed;
  checkpoints_.in_progress->failure = why;
  close_checkpoint(observed_checkpoint_state::failed, now);
  checkpoints_.latest_failed = checkpoints_.entries.front();
}

void job_history::close_checkpoint(observed_checkpoint_state how, time_point now) {
  auto& closed = *checkpoints_.in_progress;
  closed.state = how;
  closed.ended = time_of_day(now);
  closed.duration = now - triggered_;
  if (how == observed_checkpoint_state::completed && last_ack_) closed.manifest = now - *last_ack_;
  checkpoints_.entries.insert(checkpoints_.entries.begin(), std::move(closed));
  checkpoints_.in_progress.reset();
  // The newest one stays to be copied to latest_completed or latest_failed, also when no history is kept.
  keep_first(checkpoints_.entries, std::max<std::size_t>(limits_.checkpoints, 1));
}

// -- requests ---------------------------------------------------------------------------------------------------------

std::uint64_t job_history::ask_checkpoint() {
  checkpoints_asked_.add(++requests_);
  return requests_;
}

std::uint64_t job_history::ask_stop() {
  stops_asked_.add(++requests_);
  return requests_;
}

std::optional<result<epoch_id>> job_history::outcome_of(std::uint64_t request) const {
  for (const auto* asked : {&checkpoints_asked_, &stops_asked_}) {
    if (asked->knows(request)) return asked->outcome_of(request);
  }
  return error{error_code::not_found,
               "request " + std::to_string(request) + " is not known, or not any more"};
}

// -- those who look ---------------------------------------------------------------------------------------------------

void job_history::copy_to(job_observation& into, time_point now) const {
  into.state = state_;
  into.started = began_;
  into.ended = ended_;
  into.timestamps = timestamps_;
  into.failure = failure_;
  if (restarts_at_ && *restarts_at_ > now) into.restarts_at = time_of_day(*restarts_at_);
  into.checkpoints = checkpoints_;
  if (auto& open = into.checkpoints.in_progress) open->duration = now - triggered_;
  if (limits_.checkpoints == 0) into.checkpoints.entries.clear();
  into.exceptions.assign(exceptions_.begin(), exceptions_.end());
  into.exceptions_truncated = failures_ > exceptions_.size();
  for (std::size_t i = 0; i < std::min(into.tasks.size(), tasks_.size()); ++i) {
    into.tasks[i].state = tasks_[i].state;
    into.tasks[i].since = tasks_[i].since;
  }
}

}  // namespace weir
