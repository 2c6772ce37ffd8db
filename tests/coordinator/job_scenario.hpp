// SPDX-License-Identifier: Apache-2.0
// job_scenario drives a job_machine by hand: short names for what may happen to a job, and the orders that come out as
// text ("roll back 1 of 2" is an order to both tasks of a region at attempt 1).
//
// Owner:      a test case.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/job_machine.hpp"
#include "tests/dataflow/graph_builder.hpp"

namespace weir::test {

using orders = std::vector<std::string>;

struct recorded_effects final : job_effects {
  void roll_back(attempt_id attempt, const std::vector<task_id>& tasks) override {
    log.push_back("roll back " + to_string(attempt) + " of " + std::to_string(tasks.size()));
  }
  void restore(attempt_id attempt, task_id task, task_restore from) override {
    log.push_back("restore " + to_string(attempt) + " task " + to_string(task) + " from " +
                  to_string(from.epoch));
    for (const auto& list : from.poison) {
      for (const auto& one : list.records) {
        log.back() += " without " + std::to_string(one.identity);
      }
    }
  }
  void resume(attempt_id attempt, const std::vector<task_id>&) override {
    log.push_back("resume " + to_string(attempt));
  }
  void trigger(epoch_id epoch) override { log.push_back("trigger " + to_string(epoch)); }
  void trigger_last(epoch_id epoch) override { log.push_back("trigger last " + to_string(epoch)); }
  void abort(epoch_id epoch) override { log.push_back("abort " + to_string(epoch)); }
  void commit(epoch_id epoch, const std::vector<task_id>& tasks) override {
    log.push_back("commit " + to_string(epoch) + " to " + std::to_string(tasks.size()));
  }
  void write_manifest(manifest complete) override {
    log.push_back("write " + to_string(complete.epoch) + (complete.finished ? " finished" : ""));
    written.push_back(std::move(complete));
  }
  void abandon(epoch_id epoch) override { log.push_back("abandon " + to_string(epoch)); }
  void reserve_epochs() override { log.push_back("reserve epochs"); }
  void reserve_attempts() override { log.push_back("reserve attempts"); }
  void keep_poison(byte_vector ledger) override {
    log.push_back("keep poison");
    poison = std::move(ledger);
  }
  void ended(std::optional<error> failure) override {
    log.push_back(failure ? "failed: " + failure->message : "finished");
  }
  double random() override { return 0.5; }

  orders take() { return std::exchange(log, {}); }

  orders log;
  std::vector<manifest> written;
  byte_vector poison;  // what was to be kept last
};

/// Two tasks in one region, count0/0 = 0 and out0/0 = 1, or two such regions; and the short names of what may happen.
class job_scenario {
 public:
  struct settings {
    std::uint32_t regions = 1;
    std::chrono::nanoseconds interval = std::chrono::seconds(1);
    std::uint32_t tolerable = 3;
    restart_kind restart = restart_kind::fixed_delay;
    std::chrono::nanoseconds delay{0};
    std::uint64_t epochs = 16;
    std::uint64_t attempts = 16;
    manifest from{};
    std::optional<poison_rule> poison{};  // of the operator of task 0
    byte_vector known_poison{};
  };
  job_scenario() : job_scenario(settings{}) {}
  explicit job_scenario(settings given) : physical_(make(given)), machine_(options(given), out) {}

  job_machine& machine() { return machine_; }
  job_machine::time_point now() const { return now_; }

  void start() { machine_.start(now_); }
  void rolled_back(std::uint32_t task, std::uint64_t attempt) {
    machine_.on_rolled_back({task}, {attempt}, now_);
  }
  void restored(std::uint32_t task, std::uint64_t attempt) {
    machine_.on_restored({task}, {attempt}, now_);
  }
  void dies(std::uint32_t task, std::uint64_t attempt,
            error_code code = error_code::user_exception) {
    machine_.on_task_failed({task}, {attempt}, {code, "boom"}, now_);
  }
  /// A record ends it.
  void dies_of(record_identity which, std::uint32_t task, std::uint64_t attempt) {
    const record_kill kill{"count0", which, 0};
    machine_.on_task_failed({task}, {attempt}, {error_code::user_exception, "boom"}, now_, &kill);
  }
  void skips(record_identity which, std::uint32_t task, std::uint64_t attempt) {
    machine_.on_record_skipped({task}, {attempt}, "count0", which, now_);
  }
  void finishing(std::uint32_t task, std::uint64_t attempt) {
    machine_.on_finishing({task}, {attempt}, now_);
  }
  void acks(std::uint32_t task, std::uint64_t epoch, std::uint64_t attempt, bool finished = false) {
    task_ack ack;
    ack.from = {{task}, {epoch}, {attempt}, fence_id{1}};
    const auto& chain = physical_->chain_of({task});
    ack.stored.task = chain.name;
    ack.stored.parallelism = chain.parallelism;
    ack.stored.finished = finished;
    machine_.on_ack(std::move(ack), now_);
  }
  void declines(std::uint32_t task, std::uint64_t epoch, std::uint64_t attempt) {
    machine_.on_decline({{{task}, {epoch}, {attempt}, {1}}, "draining"}, now_);
  }
  std::uint64_t asks_checkpoint() {
    const auto request = history_->ask_checkpoint();
    machine_.on_checkpoint_asked(now_);
    return request;
  }
  std::uint64_t asks_stop() {
    const auto request = history_->ask_stop();
    machine_.on_stop_asked(now_);
    return request;
  }
  std::optional<result<epoch_id>> outcome_of(std::uint64_t request) const {
    return history_->outcome_of(request);
  }
  job_observation observe() const {
    job_observation seen;
    seen.tasks.resize(physical_->tasks.size());
    history_->copy_to(seen, now_);
    return seen;
  }
  void written(std::uint64_t epoch, result<void> outcome = {}) {
    machine_.on_manifest_written({epoch}, std::move(outcome), now_);
  }
  void committed(std::uint32_t task, std::uint64_t epoch) {
    machine_.on_committed({task}, {epoch}, now_);
  }
  void pass(std::chrono::nanoseconds time) {
    now_ += time;
    machine_.on_time(now_);
  }

  /// Both tasks roll back, restore and run as this attempt; forgets the orders.
  void brings_up(std::uint64_t attempt) {
    for (std::uint32_t task = 0; task < physical_->tasks.size(); ++task) rolled_back(task, attempt);
    for (std::uint32_t task = 0; task < physical_->tasks.size(); ++task) restored(task, attempt);
    out.take();
  }
  void runs() {
    start();
    brings_up(1);
  }
  /// Passes the interval, and has both tasks ack; forgets the orders.
  void takes_checkpoint(std::uint64_t epoch, std::uint64_t attempt) {
    pass(std::chrono::seconds(1));
    acks(0, epoch, attempt);
    acks(1, epoch, attempt);
    written(epoch);
    committed(0, epoch);
    committed(1, epoch);
    out.take();
  }

  recorded_effects out;

 private:
  static std::shared_ptr<const plan> make(const settings& given) {
    graph_builder job;
    for (std::uint32_t i = 0; i < given.regions; ++i) {
      const auto source = job.source("count" + std::to_string(i));
      job.at(job.sink("out" + std::to_string(i), source, partitioning::rebalance))
          .recognises_epochs = false;
      job.at(source).poison = given.poison;
    }
    return std::make_shared<const plan>(job.make());
  }
  job_machine_options options(const settings& given) {
    checkpoint_settings checkpoints;
    checkpoints.interval = given.interval;
    checkpoints.timeout = std::chrono::seconds(10);
    checkpoints.tolerable_failures = given.tolerable;
    restart_settings restarts;
    restarts.kind = given.restart;
    restarts.fixed_delay = {3, given.delay};
    const epoch_id first{given.from.epoch.value + 1};
    return {.job = "job",
            .build = "",
            .physical = physical_,
            .checkpoints = checkpoints,
            .restarts = restarts,
            .fence = {1},
            .epochs = {first, given.epochs},
            .attempts = {{1}, given.attempts},
            .restore_from = given.from,
            .poison = poison_ledger::decode(given.known_poison),
            .history = history_};
  }

  std::shared_ptr<const plan> physical_;
  std::shared_ptr<job_history> history_ = std::make_shared<job_history>(0, physical_->tasks.size());
  job_machine machine_;
  job_machine::time_point now_{std::chrono::seconds(100)};
};

}  // namespace weir::test
