// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_why.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "common/duration.hpp"
#include "coordinator/task_readings.hpp"

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t named_max = 5;  // one line stays readable
/// A task that waits for credit for less than this part of its time is held up by nobody: batches come in turns.
constexpr double held_up_ms_per_second = 100;
/// A task that holds others up is slow when it works for so much of its time, and else kept from working.
constexpr double slow_ms_per_second = 500;
/// A source that waits for input for so much of its time has less to read than the job could take.
constexpr double starved_ms_per_second = 500;
/// What lasts no longer than this is how a job works, not what it waits for.
constexpr milliseconds worth_telling{100};

class explanation {
 public:
  explicit explanation(const job_observation& job) : job_(job), plan_(*job.identity->physical) {}

  std::vector<std::string> lines() {
    if (tell_end()) return lines_;
    tell_restart();
    tell_culprits();
    tell_checkpoint();
    if (lines_.empty()) tell_sources();
    if (lines_.empty()) lines_.emplace_back("it waits for nothing: records flow");
    return lines_;
  }

 private:
  std::string name(task_id task) const { return plan_.task_name(task); }
  const task_reading& of(task_id task) const { return job_.tasks[task.value]; }
  template <class Tasks>
  std::string names(const Tasks& tasks) const {
    std::string text;
    std::size_t told = 0;
    for (const task_id task : tasks) {
      if (told++ == named_max) break;
      text += (told == 1 ? "" : ", ") + name(task);
    }
    const bool more = tasks.size() > named_max;
    return more ? text + " and " + std::to_string(tasks.size() - named_max) + " more" : text;
  }
  std::string waiting_time(const task_reading& task) const {
    return print_rounded(milliseconds(std::max<unix_ms>(job_.now - task.waits_since, 0)));
  }
  static std::string percent(double ms_per_second) {
    return std::to_string(static_cast<int>(std::min(ms_per_second, 1000.0) / 10 + .5)) + " %";
  }

  bool tell_end() {
    switch (job_.state) {
      case observed_job_state::finished:
        lines_.emplace_back("the job has finished");
        return true;
      case observed_job_state::canceled:
        lines_.emplace_back("the job was cancelled");
        return true;
      case observed_job_state::failed:
        lines_.emplace_back("the job has failed" +
                            (job_.failure ? ": " + job_.failure->text() : std::string()));
        return true;
      default:
        return false;
    }
  }

  void tell_restart() {
    std::vector<task_id> stopped;
    std::vector<task_id> restoring;
    for (const auto& task : job_.tasks) {
      if (task.state == observed_task_state::created) stopped.push_back(task.task);
      if (task.state == observed_task_state::initializing) restoring.push_back(task.task);
    }
    const std::string cause =
        job_.exceptions.empty() ? "" : ", after: " + job_.exceptions.front().why.text();
    if (!stopped.empty() && job_.restarts_at > job_.now) {
      lines_.emplace_back("the restart's delay: " + std::to_string(stopped.size()) +
                          " tasks are restored in " +
                          print_rounded(milliseconds(job_.restarts_at - job_.now)) + cause);
    } else if (!stopped.empty()) {
      lines_.emplace_back(
          "tasks to roll back, or a checkpoint that is being written: " + names(stopped) + cause);
    }
    if (!restoring.empty()) {
      lines_.push_back(names(restoring) + (restoring.size() == 1 ? " loads its" : " load their") +
                       " state");
    }
  }

  bool runs(const task_reading& task) const { return task.state == observed_task_state::running; }
  /// Whether it has been waiting, or at work, for long enough to tell.
  bool lasts(const task_reading& task) const {
    return job_.now - task.waits_since >= worth_telling.count();
  }
  bool held_up(const task_reading& task) const {
    if (!runs(task) || task.waits_for == task_wait::lane) return false;  // by its own writes
    if (lasts(task)) return task.waits_for == task_wait::credit;
    return task.back_pressured_ms_per_second >= held_up_ms_per_second;
  }
  /// Receivers that take too little; when none is full at this moment, those with the most under way.
  std::vector<task_id> held_up_by(const task_reading& task) const {
    if (task.waits_for == task_wait::credit && !task.waits_on.empty()) return task.waits_on;
    std::uint32_t most = 1;
    for (const auto& out : task.outputs) most = std::max(most, out.in_flight);
    std::vector<task_id> by;
    for (const auto& out : task.outputs) {
      if (out.in_flight == most) by.push_back(out.to);
    }
    return by;
  }

  /// Those who hold others up and are held up by nobody, and those who wait for their files or for a marker.
  void tell_culprits() {
    std::map<task_id, std::set<task_id>> victims;
    for (const auto& task : job_.tasks) {
      if (!held_up(task)) continue;
      for (const task_id by : held_up_by(task)) {
        if (!held_up(of(by))) victims[by].insert(task.task);
      }
    }
    for (const auto& task : job_.tasks) {
      const bool aligns = task.waits_for == task_wait::marker && lasts(task);
      if (runs(task) && (task.waits_for == task_wait::lane || aligns))
        victims.try_emplace(task.task);
    }
    for (const auto& [culprit, behind] : victims) {
      lines_.push_back(story_of(of(culprit)) + story_of_those(behind, culprit));
    }
  }

  std::string story_of(const task_reading& culprit) const {
    const std::string who = name(culprit.task);
    if (culprit.waits_for == task_wait::marker) {
      std::string text = who + " aligns, and " + wait_text(plan_, culprit);
      if (lasts(culprit)) text += " for " + waiting_time(culprit);
      for (const task_id sender : culprit.waits_on) text += story_of_sender(of(sender));
      return text;
    }
    if (culprit.waits_for == task_wait::lane) {
      return who + " has been waiting for its sink's writes for " + waiting_time(culprit);
    }
    const std::string busy = "busy " + percent(culprit.busy_ms_per_second) + " of the time";
    const bool works = culprit.waits_for == task_wait::none && lasts(culprit);
    if (works || culprit.busy_ms_per_second >= slow_ms_per_second) return who + " is slow: " + busy;
    return who + " is not slow, but seldom gets a thread: " + busy;
  }
  /// Why a marker does not come.
  std::string story_of_sender(const task_reading& sender) const {
    if (sender.waits_for == task_wait::source) {
      return "; the source of " + name(sender.task) + " has nothing to read";
    }
    const auto why = wait_text(plan_, sender);
    if (!why.empty()) return "; " + name(sender.task) + " " + why;
    if (!runs(sender) || !lasts(sender)) return {};
    return "; " + name(sender.task) + " has been at work for " + waiting_time(sender);
  }
  std::string story_of_those(const std::set<task_id>& behind, task_id culprit) const {
    if (behind.empty()) return {};
    const std::string text =
        "; " + names(behind) + (behind.size() == 1 ? " waits" : " wait") + " for its credit";
    const auto& first = of(*behind.begin());
    for (const auto& out : first.outputs) {
      if (out.to != culprit) continue;
      return text + " (" + std::to_string(out.in_flight) + " of " + std::to_string(out.credits) +
             " batches from " + name(first.task) + " are under way)";
    }
    return text;
  }

  void tell_checkpoint() {
    const auto& open = job_.checkpoints.in_progress;
    if (!open || open->duration < worth_telling) return;
    std::vector<task_id> missing;
    for (const auto& task : open->tasks) {
      if (task.acked == not_known) missing.push_back(task.task);
    }
    const bool one = missing.size() == 1;
    const std::string so_far = "checkpoint " + to_string(open->epoch) + " has been under way for " +
                               print_rounded(open->duration) + ": ";
    lines_.push_back(so_far +
                     (missing.empty()
                          ? "its manifest is being written"
                          : std::string(one ? "the snapshot" : "the snapshots") + " of " +
                                names(missing) + (one ? " is" : " are") + " not stored yet"));
  }

  void tell_sources() {
    for (const auto& task : job_.tasks) {
      if (!runs(task) || task.waits_for != task_wait::source) continue;
      if (lasts(task)) {
        lines_.emplace_back("the source of " + name(task.task) + " has had nothing to read for " +
                            waiting_time(task));
      } else if (task.idle_ms_per_second >= starved_ms_per_second) {
        lines_.emplace_back("the source of " + name(task.task) + " has little to read: it waits " +
                            percent(task.idle_ms_per_second) + " of the time");
      }
    }
  }

  const job_observation& job_;
  const plan& plan_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> explain_waiting(const job_observation& job) {
  return explanation(job).lines();
}

}  // namespace weir
