// SPDX-License-Identifier: Apache-2.0
#include "rest/vertex_documents.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rest/observed_names.hpp"
#include "weir/core/key_group.hpp"

namespace weir::rest {
namespace {

bool is_over(observed_task_state state) {
  return state == observed_task_state::finished || state == observed_task_state::canceled ||
         state == observed_task_state::failed;
}

/// The state of a vertex, from those of its tasks: the worst of them, and finished only when all are.
observed_task_state state_of(std::span<const task_reading> tasks) {
  using enum observed_task_state;
  const auto any = [&](observed_task_state state) {
    return std::any_of(tasks.begin(), tasks.end(),
                       [&](const task_reading& task) { return task.state == state; });
  };
  const bool all_over = std::all_of(tasks.begin(), tasks.end(),
                                    [](const task_reading& task) { return is_over(task.state); });
  if (any(failed)) return failed;
  if (all_over) return any(canceled) ? canceled : finished;
  if (any(created)) return created;
  return any(initializing) ? initializing : running;
}

struct time_span {
  unix_ms start = not_known;
  unix_ms end = not_known;
  std::int64_t duration = not_known;
};

time_span time_of(std::span<const task_reading> tasks, unix_ms now) {
  time_span made;
  bool over = !tasks.empty();
  for (const auto& task : tasks) {
    if (task.attempt_began != not_known &&
        (made.start == not_known || task.attempt_began < made.start)) {
      made.start = task.attempt_began;
    }
    over = over && is_over(task.state);
    made.end = std::max(made.end, task.since);
  }
  if (!over) made.end = not_known;
  if (made.start != not_known) {
    made.duration = std::max<std::int64_t>((over ? made.end : now) - made.start, 0);
  }
  return made;
}

std::span<const task_reading> only(const task_reading& task) {
  return {&task, 1};
}

document status_durations(const task_reading& task, unix_ms now) {
  document made = document::object();
  for (const auto name : task_state_names) {
    const bool current = name == name_of(task.state);
    made[std::string(name)] = current && task.since != not_known
                                  ? std::max<std::int64_t>(now - task.since, 0)
                                  : not_known;
  }
  return made;
}

document subtask_entry(const job_observation& seen, const task_reading& task,
                       const host_facts& host) {
  const auto time = time_of(only(task), seen.now);
  return {{"subtask", seen.identity->physical->tasks[task.task.value].subtask},
          {"status", name_of(task.state)},
          {"attempt", task.attempt.value},
          {"endpoint", host.host},
          {"start-time", time.start},
          {"end-time", time.end},
          {"duration", time.duration},
          {"taskmanager-id", host.task_manager},
          {"status-duration", status_durations(task, seen.now)},
          {"metrics", io_document(only(task))}};
}

double ratio_of(double ms_per_second) {
  return std::clamp(ms_per_second / 1000.0, 0.0, 1.0);
}

/// Flink's thresholds.
std::string_view level_of(double ratio) {
  if (ratio <= 0.10) return "ok";
  return ratio <= 0.5 ? "low" : "high";
}

}  // namespace

std::span<const task_reading> tasks_of(const job_observation& seen, std::uint32_t chain) {
  const auto& of = seen.identity->physical->chains[chain];
  const std::span<const task_reading> all = seen.tasks;
  if (of.first_task.value + of.parallelism > all.size()) return {};
  return all.subspan(of.first_task.value, of.parallelism);
}

document io_document(std::span<const task_reading> tasks) {
  task_reading sum;
  for (const auto& task : tasks) {
    sum.bytes_in += task.bytes_in;
    sum.bytes_out += task.bytes_out;
    sum.records_in += task.records_in;
    sum.records_out += task.records_out;
    sum.back_pressured += task.back_pressured;
    sum.idle += task.idle;
    sum.busy += task.busy;
  }
  return {{"read-bytes", sum.bytes_in},
          {"read-bytes-complete", true},
          {"write-bytes", sum.bytes_out},
          {"write-bytes-complete", true},
          {"read-records", sum.records_in},
          {"read-records-complete", true},
          {"write-records", sum.records_out},
          {"write-records-complete", true},
          {"accumulated-backpressured-time", whole_ms(sum.back_pressured)},
          {"accumulated-idle-time", whole_ms(sum.idle)},
          {"accumulated-busy-time", whole_ms(sum.busy)}};
}

document task_counts(std::span<const task_reading> tasks) {
  document made = document::object();
  for (const auto name : task_state_names) {
    made[std::string(name)] = std::count_if(tasks.begin(), tasks.end(), [&](const task_reading& t) {
      return name_of(t.state) == name;
    });
  }
  return made;
}

document vertex_entry(const job_observation& seen, std::uint32_t chain) {
  const auto& of = seen.identity->physical->chains[chain];
  const auto tasks = tasks_of(seen, chain);
  const auto time = time_of(tasks, seen.now);
  return {{"id", vertex_id(*seen.identity->physical, chain)},
          {"slotSharingGroupId", operator_id("default")},
          {"name", of.name},
          {"maxParallelism", key_group_count},
          {"parallelism", of.parallelism},
          {"status", name_of(state_of(tasks))},
          {"start-time", time.start},
          {"end-time", time.end},
          {"duration", time.duration},
          {"tasks", task_counts(tasks)},
          {"metrics", io_document(tasks)}};
}

document vertex_document(const job_observation& seen, std::uint32_t chain, const host_facts& host) {
  const auto& of = seen.identity->physical->chains[chain];
  document subtasks = document::array();
  for (const auto& task : tasks_of(seen, chain)) {
    subtasks.push_back(subtask_entry(seen, task, host));
  }
  return {{"id", vertex_id(*seen.identity->physical, chain)},
          {"name", of.name},
          {"parallelism", of.parallelism},
          {"maxParallelism", key_group_count},
          {"now", seen.now},
          {"aggregated", {{"metrics", io_document(tasks_of(seen, chain))}}},
          {"subtasks", std::move(subtasks)}};
}

document backpressure_document(const job_observation& seen, std::uint32_t chain) {
  document subtasks = document::array();
  double worst = 0;
  for (const auto& task : tasks_of(seen, chain)) {
    const double ratio = ratio_of(task.back_pressured_ms_per_second);
    worst = std::max(worst, ratio);
    subtasks.push_back({{"subtask", seen.identity->physical->tasks[task.task.value].subtask},
                        {"attempt-number", task.attempt.value},
                        {"backpressureLevel", level_of(ratio)},
                        {"ratio", ratio},
                        {"idleRatio", ratio_of(task.idle_ms_per_second)},
                        {"busyRatio", ratio_of(task.busy_ms_per_second)}});
  }
  return {{"status", "ok"},
          {"backpressureLevel", level_of(worst)},
          {"end-timestamp", seen.now},
          {"subtasks", std::move(subtasks)}};
}

document channels_document(const job_observation& seen, const task_reading& task) {
  const auto& physical = *seen.identity->physical;
  const auto& from = physical.tasks[task.task.value];
  document channels = document::array();
  for (const auto& channel : task.outputs) {
    const auto& to = physical.tasks[channel.to.value];
    channels.push_back({{"to-vertex", vertex_id(physical, to.chain)},
                        {"to-name", physical.chains[to.chain].name},
                        {"to-subtask", to.subtask},
                        {"exchange", channel.exchange},
                        {"ship-strategy", to_string(physical.exchanges[channel.exchange].how)},
                        {"records", channel.records},
                        {"bytes", channel.bytes},
                        {"batches", channel.batches},
                        {"batches-in-flight", channel.in_flight},
                        {"credits", channel.credits}});
  }
  return {{"id", vertex_id(physical, from.chain)},
          {"name", physical.chains[from.chain].name},
          {"subtask", from.subtask},
          {"channels", std::move(channels)}};
}

document watermarks_document(const job_observation& seen, std::uint32_t chain) {
  document made = document::array();
  for (const auto& task : tasks_of(seen, chain)) {
    const auto subtask = seen.identity->physical->tasks[task.task.value].subtask;
    made.push_back({{"id", std::to_string(subtask) + ".currentInputWatermark"},
                    {"value", std::to_string(task.watermark)}});
  }
  return made;
}

}  // namespace weir::rest
