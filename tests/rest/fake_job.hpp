// SPDX-License-Identifier: Apache-2.0
// fake_job is a job_controls without a job: it shows what a test wants to be seen, and notes what it was asked for.
// observed_word_count() is one look at a word count of two tasks a chain, with something in every field.
//
// Owner:      a test case. What is noted may be read from any thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/job_observation.hpp"
#include "rest/host_facts.hpp"
#include "tests/dataflow/graph_builder.hpp"

namespace weir::rest {

using std::chrono::milliseconds;

inline constexpr unix_ms noon = 1'700'000'000'000;
inline const std::string fake_job_id = "00112233445566778899aabbccddeeff";

inline std::shared_ptr<const plan> word_count_plan(std::uint32_t parallelism) {
  graph_builder made;
  const auto lines = made.source("lines");
  const auto split = made.operation("split", lines);
  const auto count = made.operation("count", split, partitioning::rebalance);
  made.sink("out", count);
  plan_options options;
  options.default_parallelism = parallelism;
  return std::make_shared<const plan>(made.make(options));
}

inline task_reading reading_of(std::uint32_t task) {
  task_reading made;
  made.task = task_id{task};
  made.attempt = attempt_id{3};
  made.state = observed_task_state::running;
  made.since = noon + 1000;
  made.attempt_began = noon + 900;
  made.records_read = 2000 + task;
  made.records_written = 300 + task;
  made.records_in = 100 + task;
  made.records_out = 1000 + task;
  made.bytes_in = 10'000 + task;
  made.bytes_out = 20'000 + task;
  made.batches_in = 10;
  made.batches_out = 20;
  made.busy = milliseconds(3000);
  made.idle = milliseconds(5000);
  made.back_pressured = milliseconds(2000);
  made.records_read_per_second = 200.5;
  made.records_written_per_second = 30.5;
  made.records_in_per_second = 10.5;
  made.records_out_per_second = 100.5;
  made.bytes_in_per_second = 1000.5;
  made.bytes_out_per_second = 2000.5;
  made.batches_out_per_second = 5.5;
  made.last_alignment = milliseconds(7);
  made.busy_ms_per_second = 300;
  made.idle_ms_per_second = 500;
  made.back_pressured_ms_per_second = 200;
  made.queued_batches = 2;
  made.states = {{"count", "seen", 4096, 17}};
  made.outputs = {{0, task_id{2}, 500, 5000, 5, 4, 8}};
  return made;
}

inline checkpoint_record checkpoint_of(std::uint64_t epoch, observed_checkpoint_state state,
                                       std::uint32_t tasks, std::uint32_t acked) {
  checkpoint_record made;
  made.epoch = epoch_id{epoch};
  made.state = state;
  made.triggered = noon + static_cast<unix_ms>(epoch) * 1000;
  made.last_ack = made.triggered + 40;
  made.ended = state == observed_checkpoint_state::in_progress ? not_known : made.triggered + 50;
  made.duration = milliseconds(50);
  made.state_bytes = 1000 * epoch;
  made.written_bytes = 100 * epoch;
  for (std::uint32_t task = 0; task < tasks; ++task) {
    task_checkpoint part;
    part.task = task_id{task};
    part.acked = task < acked ? made.triggered + 10 + task : not_known;
    part.state_bytes = 200 + task;
    part.written_bytes = 20 + task;
    part.start_delay = milliseconds(1);
    part.alignment = milliseconds(2 + task);
    part.freeze = milliseconds(3);
    part.drain = milliseconds(4);
    made.tasks.push_back(part);
  }
  if (state == observed_checkpoint_state::failed) made.failure = "count/0 has not acked";
  return made;
}

inline job_observation observed_word_count(std::uint32_t parallelism = 2) {
  using enum observed_checkpoint_state;
  job_identity identity;
  identity.id = fake_job_id;
  identity.name = "word-count";
  identity.physical = word_count_plan(parallelism);
  identity.configuration = {{"execution.checkpointing.interval", "100 ms"},
                            {"execution.checkpointing.mode", "EXACTLY_ONCE"},
                            {"parallelism.default", std::to_string(parallelism)},
                            {"weir.rest.token", "secret"}};
  identity.state_directory = "weir-state/word-count";
  identity.bounded = true;
  const auto tasks = static_cast<std::uint32_t>(identity.physical->tasks.size());
  job_observation made;
  made.identity = std::make_shared<const job_identity>(std::move(identity));
  made.now = noon + 60'000;
  made.state = observed_job_state::running;
  made.started = noon;
  made.timestamps = {{observed_job_state::created, noon},
                     {observed_job_state::running, noon + 900}};
  made.restarts = 1;
  made.last_restart = milliseconds(14);
  for (std::uint32_t task = 0; task < tasks; ++task) made.tasks.push_back(reading_of(task));
  made.tasks[0].left_to_read = 250;
  made.tasks[0].all_to_read = 1000;
  made.tasks.back().latency = latency_reading{1000, 2.5, {.001, .002, .003, .004, .005, .006}};
  auto& checkpoints = made.checkpoints;
  checkpoints.restored = 1;
  checkpoints.completed = 2;
  checkpoints.failed = 1;
  checkpoints.in_progress = checkpoint_of(10, in_progress, tasks, 1);
  checkpoints.entries = {checkpoint_of(9, completed, tasks, tasks),
                         checkpoint_of(8, failed, tasks, 1),
                         checkpoint_of(7, completed, tasks, tasks)};
  checkpoints.latest_completed = checkpoints.entries[0];
  checkpoints.latest_failed = checkpoints.entries[1];
  checkpoints.latest_restored = epoch_id{6};
  checkpoints.latest_restored_at = noon + 800;
  exception_record thrown;
  thrown.when = noon + 700;
  thrown.task = "count/1";
  thrown.why = {error_code::user_exception, "std::runtime_error: boom"};
  thrown.record = "00ff";
  thrown.restored_to = epoch_id{6};
  thrown.until_running = milliseconds(14);
  made.exceptions = {thrown, thrown};
  made.memory_bytes = std::uint64_t{64} << 20;
  return made;
}

class fake_job final : public job_controls {
 public:
  explicit fake_job(job_observation shown = observed_word_count()) : shown_(std::move(shown)) {}

  job_observation observe() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return shown_;
  }
  std::uint64_t checkpoint_now() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++checkpoints;
    return refuses ? 0 : ++requests_;
  }
  std::optional<result<epoch_id>> outcome_of(std::uint64_t request) const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = outcomes_.find(request);
    if (found == outcomes_.end()) return std::nullopt;
    return found->second;
  }
  std::uint64_t stop() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++stops;
    return refuses ? 0 : ++requests_;
  }
  void cancel() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++cancels;
  }
  result<void> crash(const std::string& task_or_fault) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (task_or_fault == "nobody/0") {
      return error{error_code::invalid_argument, "task nobody/0 is unknown; expected count/0"};
    }
    crashed.push_back(task_or_fault);
    return {};
  }

  void show(job_observation shown) {
    const std::lock_guard<std::mutex> lock(mutex_);
    shown_ = std::move(shown);
  }
  void end(std::uint64_t request, result<epoch_id> outcome) {
    const std::lock_guard<std::mutex> lock(mutex_);
    outcomes_.emplace(request, std::move(outcome));
  }

  int checkpoints = 0;
  int stops = 0;
  int cancels = 0;
  bool refuses = false;
  std::vector<std::string> crashed;

 private:
  mutable std::mutex mutex_;
  job_observation shown_;
  std::uint64_t requests_ = 0;
  std::map<std::uint64_t, result<epoch_id>> outcomes_;
};

inline host_facts fake_host() {
  host_facts made;
  made.host = "machine";
  made.task_manager = "machine-1";
  made.version = "0.1.0";
  made.timezone = "UTC";
  made.physical_memory = std::uint64_t{1} << 30;
  return made;
}

}  // namespace weir::rest
