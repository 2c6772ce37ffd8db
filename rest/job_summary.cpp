// SPDX-License-Identifier: Apache-2.0
#include "rest/job_summary.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "coordinator/job_why.hpp"
#include "rest/observed_names.hpp"
#include "rest/vertex_documents.hpp"

namespace weir::rest {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t sentences_max = 20;

void add_progress(job_summary& to, const task_reading& source, bool& known) {
  known = known && source.left_to_read && source.all_to_read;
  if (!known) return;
  to.left_to_read = to.left_to_read.value_or(0) + *source.left_to_read;
  to.all_to_read = to.all_to_read.value_or(0) + *source.all_to_read;
}

void add_tasks(job_summary& to, const job_observation& seen) {
  const auto& physical = *seen.identity->physical;
  bool progress_known = true;
  for (const auto& task : seen.tasks) {
    const auto& chain = physical.chain_of(task.task);
    if (chain.has_source) {
      to.records_read += task.records_read_before + task.records_read;
      to.read_per_second += task.records_read_per_second;
      add_progress(to, task, progress_known);
    }
    if (chain.has_sink) {
      to.records_written += task.records_written_before + task.records_written;
      to.written_per_second += task.records_written_per_second;
    }
  }
  if (!progress_known) to.left_to_read = to.all_to_read = std::nullopt;
}

void add_checkpoints(job_summary& to, const job_observation& seen) {
  to.checkpoints = seen.checkpoints.completed;
  to.failed_checkpoints = seen.checkpoints.failed;
  const auto& last = seen.checkpoints.latest_completed;
  if (!last) return;
  to.last_checkpoint = last->epoch;
  to.checkpoint_age = milliseconds(std::max<std::int64_t>(seen.now - last->ended, 0));
  to.checkpoint_duration = milliseconds(whole_ms(last->duration));
  to.checkpoint_bytes = last->state_bytes;
}

void add_time_left(job_summary& to) {
  if (!to.left_to_read || !to.all_to_read || to.ran.count() == 0) return;
  const auto done = *to.all_to_read - std::min(*to.all_to_read, *to.left_to_read);
  if (done == 0) return;
  const double left = static_cast<double>(*to.left_to_read) / static_cast<double>(done);
  to.time_left =
      milliseconds(static_cast<std::int64_t>(left * static_cast<double>(to.ran.count())));
}

template <class Number>
auto sum_of(std::span<const task_reading> tasks, Number number) {
  decltype(number(tasks.front())) sum = 0;
  for (const auto& task : tasks) sum += number(task);
  return sum;
}

template <class Number>
double most_of(std::span<const task_reading> tasks, Number number) {
  double most = 0;
  for (const auto& task : tasks) most = std::max(most, number(task));
  return most;
}

document vertex_summary(const job_observation& seen, std::uint32_t chain) {
  const auto tasks = tasks_of(seen, chain);
  const auto entry = vertex_entry(seen, chain);
  using task = task_reading;
  const auto taken = [](const task& t) { return t.records_read + t.records_in; };
  const auto sent = [](const task& t) { return t.records_written + t.records_out; };
  const auto taken_per_second = [](const task& t) {
    return t.records_read_per_second + t.records_in_per_second;
  };
  const auto sent_per_second = [](const task& t) {
    return t.records_written_per_second + t.records_out_per_second;
  };
  return {{"id", entry["id"]},
          {"name", entry["name"]},
          {"parallelism", entry["parallelism"]},
          {"status", entry["status"]},
          {"records-in", sum_of(tasks, taken)},
          {"records-out", sum_of(tasks, sent)},
          {"records-in-per-second", sum_of(tasks, taken_per_second)},
          {"records-out-per-second", sum_of(tasks, sent_per_second)},
          {"busy", most_of(tasks, [](auto& t) { return t.busy_ms_per_second; }) / 1000},
          {"idle", most_of(tasks, [](auto& t) { return t.idle_ms_per_second; }) / 1000},
          {"backpressured",
           most_of(tasks, [](auto& t) { return t.back_pressured_ms_per_second; }) / 1000},
          {"queued-batches", sum_of(tasks, [](const task& t) { return t.queued_batches; })}};
}

/// What the job waits for, in at most so many sentences.
document reasons(const job_observation& seen) {
  auto sentences = explain_waiting(seen);
  if (sentences.size() > sentences_max) sentences.resize(sentences_max);
  return sentences;
}

template <class T>
document or_null(const std::optional<T>& value) {
  return value ? document(*value) : document(nullptr);
}

document checkpoint_summary(const job_summary& of) {
  document made = {
      {"completed", of.checkpoints}, {"failed", of.failed_checkpoints}, {"last", nullptr}};
  if (of.last_checkpoint) {
    made["last"] = {{"id", of.last_checkpoint->value},
                    {"age", of.checkpoint_age.count()},
                    {"duration", of.checkpoint_duration.count()},
                    {"state_size", of.checkpoint_bytes}};
  }
  return made;
}

}  // namespace

job_summary job_summary::of(const job_observation& seen) {
  job_summary made;
  made.name = seen.identity->name;
  made.state = seen.state;
  made.restarts = seen.restarts;
  if (seen.started != not_known) {
    const auto end = seen.ended == not_known ? seen.now : seen.ended;
    made.ran = milliseconds(std::max<std::int64_t>(end - seen.started, 0));
  }
  add_tasks(made, seen);
  add_checkpoints(made, seen);
  add_time_left(made);
  return made;
}

document summary_document(const job_observation& seen) {
  const auto of = job_summary::of(seen);
  document vertices = document::array();
  for (std::uint32_t chain = 0; chain < seen.identity->physical->chains.size(); ++chain) {
    vertices.push_back(vertex_summary(seen, chain));
  }
  document time_left = nullptr;
  if (of.time_left) time_left = of.time_left->count();
  return {{"jid", seen.identity->id},
          {"name", of.name},
          {"state", name_of(of.state)},
          {"now", seen.now},
          {"duration", of.ran.count()},
          {"restarts", of.restarts},
          {"last-restart", whole_ms(seen.last_restart)},
          {"records-read", of.records_read},
          {"records-written", of.records_written},
          {"records-read-per-second", of.read_per_second},
          {"records-written-per-second", of.written_per_second},
          {"left-to-read", or_null(of.left_to_read)},
          {"all-to-read", or_null(of.all_to_read)},
          {"time-left", std::move(time_left)},
          {"resident-memory", seen.memory_bytes},
          {"state-directory", seen.identity->state_directory},
          {"checkpoints", checkpoint_summary(of)},
          {"vertices", std::move(vertices)},
          {"why", reasons(seen)}};
}

}  // namespace weir::rest
