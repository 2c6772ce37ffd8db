// SPDX-License-Identifier: Apache-2.0
#include "rest/explain.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/duration.hpp"
#include "rest/observed_names.hpp"

namespace weir::rest {
namespace {

constexpr std::size_t names_max = 4;

class explanation {
 public:
  explicit explanation(const job_observation& seen)
      : seen_(seen), physical_(*seen.identity->physical) {}

  std::vector<std::string> sentences() {
    tell_job();
    tell_checkpoint();
    tell_bottlenecks();
    for (const auto& task : seen_.tasks) tell_wait(task);
    if (said_.empty()) {
      said_.push_back("Nothing waits: no task stands still, and no checkpoint is held up.");
    }
    if (said_.size() > sentences_max) {
      const auto more = said_.size() - sentences_max + 1;
      said_.resize(sentences_max - 1);
      said_.push_back("And " + std::to_string(more) + " more.");
    }
    return std::move(said_);
  }

 private:
  std::string name(task_id task) const { return physical_.task_name(task); }

  std::string names(const std::vector<task_id>& tasks) const {
    std::string text;
    for (std::size_t i = 0; i < std::min(tasks.size(), names_max); ++i) {
      text += (i == 0 ? "" : ", ") + name(tasks[i]);
    }
    if (tasks.size() > names_max) {
      text += " and " + std::to_string(tasks.size() - names_max) + " more";
    }
    return text;
  }

  std::string since(unix_ms when) const {
    if (when == not_known || when > seen_.now) return {};
    return " for " + print_rounded(std::chrono::milliseconds(seen_.now - when));
  }

  void tell_job() {
    if (seen_.state == observed_job_state::running) return;
    std::string text = "The job is " + std::string(name_of(seen_.state));
    if (!seen_.timestamps.empty()) text += since(seen_.timestamps.back().second);
    if (seen_.failure) text += ": " + seen_.failure->text();
    const bool after_failure = seen_.state == observed_job_state::restarting;
    if (after_failure && !seen_.exceptions.empty()) {
      const auto& last = seen_.exceptions.front();
      text += ": " + (last.task.empty() ? "" : last.task + ": ") + last.why.text();
    }
    said_.push_back(text + ".");
  }

  void tell_checkpoint() {
    const auto& pending = seen_.checkpoints.in_progress;
    if (!pending) return;
    std::vector<task_id> missing;
    for (const auto& planned : physical_.tasks) {
      const bool acked = std::any_of(pending->tasks.begin(), pending->tasks.end(), [&](auto& part) {
        return part.task == planned.id && part.acked != not_known;
      });
      if (!acked) missing.push_back(planned.id);
    }
    std::string text = "Checkpoint " + to_string(pending->epoch) + " is in progress" +
                       since(pending->triggered) + ": ";
    text += missing.empty()
                ? "all tasks have acked, the manifest is being written"
                : std::to_string(missing.size()) + " of " + std::to_string(physical_.tasks.size()) +
                      " tasks have not acked: " + names(missing);
    said_.push_back(text + ".");
  }

  bool waits_for_credit(task_id task) const {
    return task.value < seen_.tasks.size() &&
           seen_.tasks[task.value].waits_for == task_wait::credit;
  }

  /// Tasks for whose credit others wait, and which wait for nobody's: there the job is slow.
  void tell_bottlenecks() {
    std::map<std::uint32_t, std::size_t> waiting;
    for (const auto& task : seen_.tasks) {
      if (task.waits_for != task_wait::credit) continue;
      for (const auto on : task.waits_on) ++waiting[on.value];
    }
    std::vector<std::pair<std::size_t, std::uint32_t>> order;
    for (const auto& [task, count] : waiting) {
      if (!waits_for_credit({task}) && task < seen_.tasks.size()) order.emplace_back(count, task);
    }
    std::sort(order.rbegin(), order.rend());
    for (const auto& [count, task] : order) {
      const auto& of = seen_.tasks[task];
      std::string text = name(of.task) + " is the bottleneck: " + std::to_string(count) +
                         (count == 1 ? " task waits" : " tasks wait") + " for it; it is busy " +
                         std::to_string(static_cast<int>(of.busy_ms_per_second / 10 + .5)) +
                         " % of the time, with " + std::to_string(of.queued_batches) +
                         " batches to process";
      if (of.waits_for == task_wait::lane) text += ", and waits for its files or peer";
      if (of.waits_for == task_wait::marker) text += ", and aligns a checkpoint";
      said_.push_back(text + ".");
    }
  }

  void tell_wait(const task_reading& task) {
    const std::string who = name(task.task);
    switch (task.waits_for) {
      case task_wait::none:
      case task_wait::input:  // then somebody before it has nothing, or waits himself
        return;
      case task_wait::source:
        said_.push_back(who + ": its source has had nothing to read" + since(task.waits_since) +
                        ".");
        return;
      case task_wait::marker:
        said_.push_back(who + " aligns" + since(task.waits_since) + ": the marker of " +
                        names(task.waits_on) + " has not come.");
        return;
      case task_wait::credit:
        said_.push_back(who + " has waited" + since(task.waits_since) + " for credit of " +
                        names(task.waits_on) + ".");
        return;
      case task_wait::lane:
        said_.push_back(who + " has waited" + since(task.waits_since) +
                        " for a blocking call of its source or sink (file, disk or peer).");
        return;
    }
  }

  const job_observation& seen_;
  const plan& physical_;
  std::vector<std::string> said_;
};

}  // namespace

std::vector<std::string> explain(const job_observation& seen) {
  return explanation(seen).sentences();
}

}  // namespace weir::rest
