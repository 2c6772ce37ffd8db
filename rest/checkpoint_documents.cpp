// SPDX-License-Identifier: Apache-2.0
#include "rest/checkpoint_documents.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "rest/observed_names.hpp"
#include "rest/observed_settings.hpp"
#include "rest/sample_stats.hpp"

namespace weir::rest {
namespace {

using acks = std::vector<const task_checkpoint*>;

/// SIZES of a checkpoint, or of a vertex in it. Nothing overtakes markers, so no data in flight is ever part of it.
struct sizes {
  std::uint64_t written = 0;
  std::uint64_t state = 0;
  std::int64_t duration = 0;
};

void add_sizes(document& to, const sizes& of) {
  to["checkpointed_size"] = of.written;
  to["state_size"] = of.state;
  to["end_to_end_duration"] = of.duration;
  to["alignment_buffered"] = 0;
  to["processed_data"] = 0;
  to["persisted_data"] = 0;
}

document stats_document(std::vector<std::int64_t> values) {
  const auto of = sample_stats::of(std::move(values));
  return {{"min", of.min}, {"max", of.max}, {"avg", of.avg}, {"p50", of.p50},
          {"p90", of.p90}, {"p95", of.p95}, {"p99", of.p99}, {"p999", of.p999}};
}

/// STATS of one number of each of the given things.
template <class Things, class Number>
document stats_over(const Things& things, Number number) {
  std::vector<std::int64_t> values;
  for (const auto& thing : things) values.push_back(static_cast<std::int64_t>(number(thing)));
  return stats_document(std::move(values));
}

acks acks_of(const checkpoint_record& of, const plan& physical,
             std::optional<std::uint32_t> chain = {}) {
  acks found;
  for (const auto& task : of.tasks) {
    if (task.acked == not_known || task.task.value >= physical.tasks.size()) continue;
    if (!chain || physical.tasks[task.task.value].chain == *chain) found.push_back(&task);
  }
  return found;
}

std::int64_t duration_of(const checkpoint_record& of, const task_checkpoint& task) {
  return std::max<std::int64_t>(task.acked - of.triggered, 0);
}

/// TASK: what one vertex did for a checkpoint.
document vertex_part(const job_observation& seen, const checkpoint_record& of,
                     std::uint32_t chain) {
  const auto& physical = *seen.identity->physical;
  const auto acked = acks_of(of, physical, chain);
  sizes sum;
  unix_ms last = not_known;
  for (const auto* task : acked) {
    sum.written += task->written_bytes;
    sum.state += task->state_bytes;
    sum.duration = std::max(sum.duration, duration_of(of, *task));
    last = std::max(last, task->acked);
  }
  document made = {
      {"id", of.epoch.value}, {"status", name_of(of.state)}, {"latest_ack_timestamp", last}};
  add_sizes(made, sum);
  made["num_subtasks"] = physical.chains[chain].parallelism;
  made["num_acknowledged_subtasks"] = acked.size();
  return made;
}

std::string_view class_of(observed_checkpoint_state state) {
  switch (state) {
    case observed_checkpoint_state::in_progress:
      return "in_progress";
    case observed_checkpoint_state::completed:
      return "completed";
    case observed_checkpoint_state::failed:
      return "failed";
  }
  return "failed";
}

std::string location_of(const job_identity& of, epoch_id epoch) {
  return of.state_directory + "#" + to_string(epoch);
}

/// Whether enough newer ones are complete for it to be dropped.
bool is_discarded(const job_observation& seen, const checkpoint_record& of) {
  const auto& all = seen.checkpoints.entries;
  const auto newer = std::count_if(all.begin(), all.end(), [&](const checkpoint_record& each) {
    return each.state == observed_checkpoint_state::completed && each.epoch > of.epoch;
  });
  return newer >= setting_number(*seen.identity, "execution.checkpointing.num-retained", 2);
}

/// CP
document checkpoint_entry(const job_observation& seen, const checkpoint_record& of) {
  const auto& physical = *seen.identity->physical;
  const bool savepoint = of.kind == checkpoint_kind::savepoint;
  document made = {{"className", class_of(of.state)},
                   {"id", of.epoch.value},
                   {"status", name_of(of.state)},
                   {"is_savepoint", savepoint},
                   {"savepointFormat", savepoint ? document("NATIVE") : document(nullptr)},
                   {"trigger_timestamp", of.triggered},
                   {"latest_ack_timestamp", of.last_ack}};
  add_sizes(made, {of.written_bytes, of.state_bytes, whole_ms(of.duration)});
  made["num_subtasks"] = physical.tasks.size();
  made["num_acknowledged_subtasks"] = acks_of(of, physical).size();
  made["checkpoint_type"] = savepoint ? "SAVEPOINT" : "CHECKPOINT";
  document tasks = document::object();
  for (std::uint32_t chain = 0; chain < physical.chains.size(); ++chain) {
    tasks[vertex_id(physical, chain)] = vertex_part(seen, of, chain);
  }
  made["tasks"] = std::move(tasks);
  if (of.state == observed_checkpoint_state::completed) {
    made["external_path"] = location_of(*seen.identity, of.epoch);
    made["discarded"] = is_discarded(seen, of);
  } else if (of.state == observed_checkpoint_state::failed) {
    made["failure_timestamp"] = of.ended;
    made["failure_message"] = of.failure;
  }
  return made;
}

std::vector<const checkpoint_record*> all_of(const checkpoint_history& of) {
  std::vector<const checkpoint_record*> all;
  if (of.in_progress) all.push_back(&*of.in_progress);
  for (const auto& entry : of.entries) all.push_back(&entry);
  return all;
}

const checkpoint_record* find(const checkpoint_history& in, std::uint64_t checkpoint) {
  auto all = all_of(in);
  if (in.latest_completed) all.push_back(&*in.latest_completed);
  if (in.latest_failed) all.push_back(&*in.latest_failed);
  for (const auto* entry : all) {
    if (entry->epoch.value == checkpoint) return entry;
  }
  return nullptr;
}

document summary_of(const checkpoint_history& of) {
  std::vector<const checkpoint_record*> completed;
  for (const auto& entry : of.entries) {
    if (entry.state == observed_checkpoint_state::completed) completed.push_back(&entry);
  }
  const auto stats = [&](auto number) {
    return stats_over(completed, [&](const checkpoint_record* entry) { return number(*entry); });
  };
  const auto zero = [](const checkpoint_record&) { return 0; };
  return {{"checkpointed_size", stats([](const checkpoint_record& c) { return c.written_bytes; })},
          {"state_size", stats([](const checkpoint_record& c) { return c.state_bytes; })},
          {"end_to_end_duration",
           stats([](const checkpoint_record& c) { return whole_ms(c.duration); })},
          {"alignment_buffered", stats(zero)},
          {"processed_data", stats(zero)},
          {"persisted_data", stats(zero)}};
}

document latest_of(const job_observation& seen) {
  const auto& of = seen.checkpoints;
  document made = {
      {"completed", nullptr}, {"savepoint", nullptr}, {"failed", nullptr}, {"restored", nullptr}};
  if (of.latest_completed) made["completed"] = checkpoint_entry(seen, *of.latest_completed);
  if (of.latest_failed) made["failed"] = checkpoint_entry(seen, *of.latest_failed);
  if (of.latest_restored) {
    made["restored"] = {{"id", of.latest_restored->value},
                        {"restore_timestamp", of.latest_restored_at},
                        {"is_savepoint", false},
                        {"external_path", location_of(*seen.identity, *of.latest_restored)}};
  }
  return made;
}

document alignment_document(std::int64_t duration) {
  return {{"buffered", 0}, {"processed", 0}, {"persisted", 0}, {"duration", duration}};
}

document subtask_part(const checkpoint_record& of, const planned_task& planned,
                      const task_checkpoint* task) {
  if (task == nullptr) {
    return {{"index", planned.subtask}, {"status", "pending_or_failed"}};
  }
  return {{"index", planned.subtask},
          {"status", "completed"},
          {"ack_timestamp", task->acked},
          {"end_to_end_duration", duration_of(of, *task)},
          {"checkpointed_size", task->written_bytes},
          {"state_size", task->state_bytes},
          {"checkpoint", {{"sync", whole_ms(task->freeze)}, {"async", whole_ms(task->drain)}}},
          {"alignment", alignment_document(whole_ms(task->alignment))},
          {"start_delay", whole_ms(task->start_delay)},
          {"unaligned_checkpoint", false},
          {"aborted", of.state == observed_checkpoint_state::failed}};
}

document subtask_summary(const checkpoint_record& of, const acks& acked) {
  const auto stats = [&](auto number) {
    return stats_over(acked, [&](const task_checkpoint* task) { return number(*task); });
  };
  const auto zero = [](const task_checkpoint&) { return 0; };
  return {
      {"state_size", stats([](const task_checkpoint& t) { return t.state_bytes; })},
      {"checkpointed_size", stats([](const task_checkpoint& t) { return t.written_bytes; })},
      {"end_to_end_duration", stats([&](const task_checkpoint& t) { return duration_of(of, t); })},
      {"checkpoint_duration",
       {{"sync", stats([](const task_checkpoint& t) { return whole_ms(t.freeze); })},
        {"async", stats([](const task_checkpoint& t) { return whole_ms(t.drain); })}}},
      {"alignment",
       {{"buffered", stats(zero)},
        {"processed", stats(zero)},
        {"persisted", stats(zero)},
        {"duration", stats([](const task_checkpoint& t) { return whole_ms(t.alignment); })}}},
      {"start_delay", stats([](const task_checkpoint& t) { return whole_ms(t.start_delay); })}};
}

}  // namespace

document checkpoints_document(const job_observation& seen) {
  const auto& of = seen.checkpoints;
  const std::uint64_t in_progress = of.in_progress ? 1 : 0;
  document history = document::array();
  for (const auto* entry : all_of(of)) history.push_back(checkpoint_entry(seen, *entry));
  return {{"counts",
           {{"restored", of.restored},
            {"total", of.completed + of.failed + in_progress},
            {"in_progress", in_progress},
            {"completed", of.completed},
            {"failed", of.failed}}},
          {"summary", summary_of(of)},
          {"latest", latest_of(seen)},
          {"history", std::move(history)}};
}

document checkpoint_config_document(const job_observation& seen) {
  const auto& of = *seen.identity;
  const std::string prefix = "execution.checkpointing.";
  const bool at_least_once = setting(of, prefix + "mode") == "AT_LEAST_ONCE";
  return {{"mode", at_least_once ? "at_least_once" : "exactly_once"},
          {"interval", setting_ms(of, prefix + "interval", 1000)},
          {"timeout", setting_ms(of, prefix + "timeout", 600'000)},
          {"min_pause", setting_ms(of, prefix + "min-pause", 0)},
          {"max_concurrent", setting_number(of, prefix + "max-concurrent-checkpoints", 1)},
          {"externalization", {{"enabled", true}, {"delete_on_cancellation", false}}},
          {"state_backend", "memory"},
          {"checkpoint_storage", "filesystem"},
          {"unaligned_checkpoints", setting(of, prefix + "unaligned.enabled") == "true"},
          {"tolerable_failed_checkpoints",
           setting_number(of, prefix + "tolerable-failed-checkpoints", 3)},
          {"aligned_checkpoint_timeout", setting_ms(of, prefix + "aligned-checkpoint-timeout", 0)},
          {"checkpoints_after_tasks_finish", true},
          {"state_changelog_enabled", false}};
}

std::optional<document> checkpoint_document(const job_observation& seen, std::uint64_t checkpoint) {
  const auto* found = find(seen.checkpoints, checkpoint);
  if (found == nullptr) return std::nullopt;
  return checkpoint_entry(seen, *found);
}

std::optional<document> checkpoint_subtasks_document(const job_observation& seen,
                                                     std::uint64_t checkpoint,
                                                     std::uint32_t chain) {
  const auto* found = find(seen.checkpoints, checkpoint);
  if (found == nullptr) return std::nullopt;
  const auto& physical = *seen.identity->physical;
  const auto acked = acks_of(*found, physical, chain);
  document made = vertex_part(seen, *found, chain);
  document subtasks = document::array();
  for (const auto& planned : physical.tasks) {
    if (planned.chain != chain) continue;
    const auto at = std::find_if(acked.begin(), acked.end(), [&](const task_checkpoint* task) {
      return task->task == planned.id;
    });
    subtasks.push_back(subtask_part(*found, planned, at == acked.end() ? nullptr : *at));
  }
  made["summary"] = subtask_summary(*found, acked);
  made["subtasks"] = std::move(subtasks);
  return made;
}

}  // namespace weir::rest
