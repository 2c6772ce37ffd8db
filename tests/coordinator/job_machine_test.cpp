// SPDX-License-Identifier: Apache-2.0
// Specifies what the coordinator of a job does at each turn of its life, as scenarios: what comes in, and which orders go
// out, in short ("roll back 1" is an order to all tasks of the region at attempt 1). Whole runs: dataflow/cut_test.cpp.
#include "coordinator/job_machine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/dataflow/graph_builder.hpp"
#include "weir/core/hash.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using orders = std::vector<std::string>;

struct recorded_effects final : job_effects {
  void roll_back(attempt_id attempt, const std::vector<task_id>& tasks) override {
    log.push_back("roll back " + to_string(attempt) + " of " + std::to_string(tasks.size()));
  }
  void restore(attempt_id attempt, task_id task, task_restore from) override {
    log.push_back("restore " + to_string(attempt) + " task " + to_string(task) + " from " + to_string(from.epoch));
  }
  void resume(attempt_id attempt, const std::vector<task_id>&) override {
    log.push_back("resume " + to_string(attempt));
  }
  void trigger(epoch_id epoch) override { log.push_back("trigger " + to_string(epoch)); }
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
  void ended(std::optional<error> failure) override {
    log.push_back(failure ? "failed: " + failure->message : "finished");
  }
  double random() override { return 0.5; }

  orders take() { return std::exchange(log, {}); }

  orders log;
  std::vector<manifest> written;
};

/// Two tasks in one region, count0/0 = 0 and out0/0 = 1, or two such regions; and the short names of what may happen.
class scenario {
 public:
  struct settings {
    std::uint32_t regions = 1;
    std::chrono::nanoseconds interval = 1s;
    std::uint32_t tolerable = 3;
    restart_kind restart = restart_kind::fixed_delay;
    std::chrono::nanoseconds delay{0};
    std::uint64_t epochs = 16;
    std::uint64_t attempts = 16;
    manifest from{};
  };
  scenario() : scenario(settings{}) {}
  explicit scenario(settings given) : physical_(make(given.regions)), machine_(options(given), out) {}

  job_machine& machine() { return machine_; }
  job_machine::time_point now() const { return now_; }

  void start() { machine_.start(now_); }
  void rolled_back(std::uint32_t task, std::uint64_t attempt) { machine_.on_rolled_back({task}, {attempt}, now_); }
  void restored(std::uint32_t task, std::uint64_t attempt) { machine_.on_restored({task}, {attempt}, now_); }
  void dies(std::uint32_t task, std::uint64_t attempt, error_code code = error_code::user_exception) {
    machine_.on_task_failed({task}, {attempt}, {code, "boom"}, now_);
  }
  void finishing(std::uint32_t task, std::uint64_t attempt) { machine_.on_finishing({task}, {attempt}, now_); }
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
  void written(std::uint64_t epoch, result<void> outcome = {}) {
    machine_.on_manifest_written({epoch}, std::move(outcome), now_);
  }
  void committed(std::uint32_t task, std::uint64_t epoch) { machine_.on_committed({task}, {epoch}, now_); }
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
    pass(1s);
    acks(0, epoch, attempt);
    acks(1, epoch, attempt);
    written(epoch);
    committed(0, epoch);
    committed(1, epoch);
    out.take();
  }

  recorded_effects out;

 private:
  static std::shared_ptr<const plan> make(std::uint32_t regions) {
    graph_builder job;
    for (std::uint32_t i = 0; i < regions; ++i) {
      const auto source = job.source("count" + std::to_string(i));
      job.at(job.sink("out" + std::to_string(i), source, partitioning::rebalance)).recognises_epochs = false;
    }
    return std::make_shared<const plan>(job.make());
  }
  job_machine_options options(const settings& given) {
    checkpoint_settings checkpoints;
    checkpoints.interval = given.interval;
    checkpoints.timeout = 10s;
    checkpoints.tolerable_failures = given.tolerable;
    restart_settings restarts;
    restarts.kind = given.restart;
    restarts.fixed_delay = {3, given.delay};
    const epoch_id first{given.from.epoch.value + 1};
    return {.job = "job", .build = "", .physical = physical_, .checkpoints = checkpoints, .restarts = restarts,
            .fence = {1}, .epochs = {first, given.epochs}, .attempts = {{1}, given.attempts},
            .restore_from = given.from};
  }

  std::shared_ptr<const plan> physical_;
  job_machine machine_;
  job_machine::time_point now_{100s};
};

TEST_CASE("records flow only when every task has rolled back and every task is restored (P13)") {
  scenario job;
  job.start();
  CHECK(job.out.take() == orders{"roll back 1 of 2"});
  job.rolled_back(0, 1);
  CHECK(job.out.take() == orders{});
  job.rolled_back(1, 1);
  CHECK(job.out.take() == orders{"restore 1 task 0 from 0", "restore 1 task 1 from 0"});
  job.restored(1, 1);
  CHECK(job.out.take() == orders{});
  job.restored(0, 1);
  CHECK(job.out.take() == orders{"resume 1"});
}

TEST_CASE("a checkpoint is triggered, written when all have acked, and committed when written (P12, P17)") {
  scenario job;
  job.runs();
  job.pass(999ms);
  CHECK(job.out.take() == orders{});
  job.pass(1ms);
  CHECK(job.out.take() == orders{"trigger 1"});
  job.acks(0, 1, 1);
  CHECK(job.out.take() == orders{});
  job.acks(1, 1, 1);
  CHECK(job.out.take() == orders{"write 1"});
  job.written(1);
  CHECK(job.out.take() == orders{"commit 1 to 2"});
  CHECK(job.machine().counters().last_completed == epoch_id{1});
}

TEST_CASE("a commit is repeated to those who have not confirmed it (P17)") {
  scenario job({.interval = 1h});
  job.runs();
  job.pass(1h);
  job.acks(0, 1, 1);
  job.acks(1, 1, 1);
  job.written(1);
  job.out.take();
  job.committed(1, 1);
  job.pass(1999ms);
  CHECK(job.out.take() == orders{});
  job.pass(1ms);
  CHECK(job.out.take() == orders{"commit 1 to 1"});
  job.committed(0, 1);
  job.pass(1min);
  CHECK(job.out.take() == orders{});
}

TEST_CASE("no epoch is triggered twice, whatever becomes of it (P5)") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.declines(0, 1, 1);
  CHECK(job.out.take() == orders{"trigger 1", "abort 1", "abandon 1"});
  job.pass(1s);
  CHECK(job.out.take() == orders{"trigger 2"});
  job.dies(0, 1);
  job.out.take();
  job.brings_up(2);
  job.pass(1s);
  CHECK(job.out.take() == orders{"trigger 3"});
}

TEST_CASE("epochs that are used up are waited for, and asked for in time (P5)") {
  scenario job({.epochs = 1});
  job.runs();
  job.pass(1s);
  CHECK(job.out.take() == orders{"reserve epochs", "trigger 1"});
  job.declines(0, 1, 1);
  job.out.take();
  job.pass(1s);
  CHECK(job.out.take() == orders{});
  job.machine().on_epochs_reserved({40}, 10, job.now());
  CHECK(job.out.take() == orders{"trigger 40"});
}

TEST_CASE("attempts that are used up are waited for (P4)") {
  scenario job({.attempts = 1});
  job.start();
  CHECK(job.out.take() == orders{"reserve attempts", "roll back 1 of 2"});
  job.brings_up(1);
  job.dies(0, 1);
  CHECK(job.out.take() == orders{});
  job.machine().on_attempts_reserved({9}, 10, job.now());
  CHECK(job.out.take() == orders{"roll back 9 of 2"});
}

TEST_CASE("a task's death rolls its whole region back to the last complete checkpoint (P15)") {
  scenario job;
  job.runs();
  job.takes_checkpoint(1, 1);

  job.dies(1, 1);
  CHECK(job.out.take() == orders{"roll back 2 of 2"});
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  CHECK(job.out.take() == orders{"restore 2 task 0 from 1", "restore 2 task 1 from 1"});
  job.restored(0, 2);
  job.restored(1, 2);
  CHECK(job.out.take() == orders{"resume 2", "commit 1 to 2"});  // P17: what was complete is released
  CHECK(job.machine().counters().restarts == 1);
}

TEST_CASE("other regions go on, and checkpoints wait for the one that restarts (P15)") {
  scenario job({.regions = 2});
  job.start();
  CHECK(job.out.take() == orders{"roll back 1 of 2", "roll back 2 of 2"});
  for (std::uint32_t task : {0U, 1U}) job.rolled_back(task, 1);
  for (std::uint32_t task : {2U, 3U}) job.rolled_back(task, 2);
  for (std::uint32_t task : {0U, 1U}) job.restored(task, 1);
  for (std::uint32_t task : {2U, 3U}) job.restored(task, 2);
  job.out.take();

  job.dies(2, 2);
  CHECK(job.out.take() == orders{"roll back 3 of 2"});
  job.pass(10s);
  CHECK(job.out.take() == orders{});
  for (std::uint32_t task : {2U, 3U}) job.rolled_back(task, 3);
  CHECK(job.out.take() == orders{"restore 3 task 2 from 0", "restore 3 task 3 from 0"});
  for (std::uint32_t task : {2U, 3U}) job.restored(task, 3);
  CHECK(job.out.take() == orders{"resume 3"});
  job.pass(1s);
  CHECK(job.out.take() == orders{"trigger 1"});
}

TEST_CASE("reports of an attempt that is over change nothing (P4)") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.dies(0, 1);
  CHECK(job.out.take() == orders{"trigger 1", "abort 1", "abandon 1", "roll back 2 of 2"});

  job.dies(1, 1);  // of the same crash
  job.rolled_back(0, 1);
  job.rolled_back(1, 1);
  job.restored(0, 1);
  job.restored(1, 1);
  job.finishing(0, 1);
  job.acks(0, 1, 1);
  job.acks(1, 1, 1);
  CHECK(job.out.take() == orders{});
  CHECK(job.machine().counters().restarts == 1);
}

TEST_CASE("a death during a restart begins another attempt, and the one before restores nothing (P13)") {
  scenario job;
  job.start();
  job.rolled_back(0, 1);
  job.dies(1, 1);
  job.out.take();
  job.rolled_back(1, 1);
  CHECK(job.out.take() == orders{});
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  CHECK(job.out.take() == orders{"restore 2 task 0 from 0", "restore 2 task 1 from 0"});
  job.dies(0, 2);
  job.restored(1, 2);
  CHECK(job.out.take() == orders{"roll back 3 of 2"});
}

TEST_CASE("the delay of the restart strategy lies between the roll back and the restore") {
  scenario job({.delay = 500ms});
  job.runs();
  job.dies(0, 1);
  CHECK(job.out.take() == orders{"roll back 2 of 2"});
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  CHECK(job.out.take() == orders{});
  CHECK(job.machine().next_time(job.now()) == job.now() + 500ms);
  job.pass(500ms);
  CHECK(job.out.take() == orders{"restore 2 task 0 from 0", "restore 2 task 1 from 0"});
}

TEST_CASE("while a manifest is being written nothing is restored: it may be where to go back to (P12)") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.acks(0, 1, 1);
  job.acks(1, 1, 1);
  job.dies(0, 1);
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  CHECK(job.out.take() == orders{"trigger 1", "write 1", "roll back 2 of 2"});

  SUBCASE("it becomes complete") {
    job.written(1);
    CHECK(job.out.take() == orders{"restore 2 task 0 from 1", "restore 2 task 1 from 1"});
    job.restored(0, 2);
    job.restored(1, 2);
    CHECK(job.out.take() == orders{"resume 2", "commit 1 to 2"});
  }
  SUBCASE("it cannot be written") {
    job.written(1, error{error_code::io, "no"});
    CHECK(job.out.take() == orders{"abort 1", "restore 2 task 0 from 0", "restore 2 task 1 from 0"});
  }
}

TEST_CASE("nothing is committed before its manifest is durable, nor when that fails (P12, P17)") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.acks(0, 1, 1);
  job.acks(1, 1, 1);
  job.written(1, error{error_code::no_space, "full"});
  CHECK(job.out.take() == orders{"trigger 1", "write 1", "abort 1"});
  CHECK(job.machine().counters().failed == 1);
  job.pass(1s);
  CHECK(job.out.take() == orders{"trigger 2"});
}

TEST_CASE("a checkpoint that takes too long is aborted, and the next one comes (P7)") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.acks(0, 1, 1);
  job.out.take();
  job.pass(10s);
  CHECK(job.out.take() == orders{"abort 1", "abandon 1", "trigger 2"});
  job.acks(1, 1, 1);  // late
  CHECK(job.out.take() == orders{});
}

TEST_CASE("a chunk that cannot be stored fails the checkpoint, not the job") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.machine().on_store_failed({1}, {error_code::no_space, "full"}, job.now());
  CHECK(job.out.take() == orders{"trigger 1", "abort 1", "abandon 1"});
}

TEST_CASE("declined checkpoints count as failed, and beyond the tolerable ones they fail the job (P8)") {
  scenario job({.tolerable = 1});
  job.runs();
  job.pass(1s);
  job.declines(0, 1, 1);
  job.pass(1s);
  job.out.take();
  job.declines(1, 2, 1);
  const auto last = job.out.take();
  REQUIRE(last.size() == 3);
  CHECK(last[2].starts_with("failed: 2 checkpoints in a row failed"));
  CHECK(job.machine().over());
}

TEST_CASE("a bounded job ends when a checkpoint begun after its end is committed, also without an interval (P16)") {
  scenario job({.interval = 0s});
  job.runs();
  job.finishing(0, 1);
  CHECK(job.out.take() == orders{});
  job.finishing(1, 1);
  CHECK(job.out.take() == orders{"trigger 1"});
  job.acks(0, 1, 1, true);
  job.acks(1, 1, 1, true);
  CHECK(job.out.take() == orders{"write 1 finished"});
  job.written(1);
  CHECK(job.out.take() == orders{"commit 1 to 2"});
  job.committed(0, 1);
  CHECK(!job.machine().over());
  job.committed(1, 1);
  CHECK(job.out.take() == orders{"finished"});
}

TEST_CASE("a checkpoint begun before the end does not end the job (P16)") {
  scenario job;
  job.runs();
  job.finishing(0, 1);
  job.pass(1s);
  CHECK(job.out.take() == orders{"trigger 1"});
  job.finishing(1, 1);
  job.acks(0, 1, 1, true);
  job.acks(1, 1, 1, true);
  job.written(1);
  CHECK(job.out.take() == orders{"write 1 finished", "commit 1 to 2", "trigger 2"});
  job.committed(0, 1);
  job.committed(1, 1);
  CHECK(!job.machine().over());
}

TEST_CASE("the last checkpoint is repeated until it succeeds (P16)") {
  scenario job({.interval = 0s});
  job.runs();
  job.finishing(0, 1);
  job.finishing(1, 1);
  job.declines(0, 1, 1);
  CHECK(job.out.take() == orders{"trigger 1", "abort 1", "abandon 1"});
  job.pass(100ms);
  CHECK(job.out.take() == orders{"trigger 2"});
}

TEST_CASE("tasks that finished before a crash finish again before the job ends (P16)") {
  scenario job({.interval = 0s});
  job.runs();
  job.finishing(0, 1);
  job.dies(1, 1);
  job.out.take();
  job.brings_up(2);
  job.finishing(1, 2);
  CHECK(job.out.take() == orders{});
  job.finishing(0, 2);
  CHECK(job.out.take() == orders{"trigger 1"});
}

TEST_CASE("a death after the last checkpoint, before its commit is confirmed, restores it and ends again (P16, P17)") {
  scenario job({.interval = 0s});
  job.runs();
  job.finishing(0, 1);
  job.finishing(1, 1);
  job.acks(0, 1, 1, true);
  job.acks(1, 1, 1, true);
  job.written(1);
  job.committed(0, 1);
  job.dies(1, 1);
  job.out.take();
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  CHECK(job.out.take() == orders{"restore 2 task 0 from 1", "restore 2 task 1 from 1"});
  job.restored(0, 2);
  job.restored(1, 2);
  CHECK(job.out.take() == orders{"resume 2", "commit 1 to 2"});
  job.committed(0, 1);
  job.committed(1, 1);
  CHECK(!job.machine().over());
  job.finishing(0, 2);
  job.finishing(1, 2);
  CHECK(job.out.take() == orders{"trigger 2"});
}

TEST_CASE("the restart strategy and the class of an error may fail the job") {
  SUBCASE("no restarts") {
    scenario job({.restart = restart_kind::none});
    job.runs();
    job.dies(0, 1);
    const auto last = job.out.take();
    REQUIRE(last.size() == 1);
    CHECK(last[0].starts_with("failed: "));
    CHECK(last[0].find("boom") != std::string::npos);
  }
  SUBCASE("an error that no restart can help") {
    scenario job;
    job.runs();
    job.dies(0, 1, error_code::corrupt);
    CHECK(job.out.take() == orders{"failed: task count0/0: corrupt data: boom"});
  }
  SUBCASE("too many restarts") {
    scenario job;
    job.runs();
    for (std::uint64_t attempt = 1; attempt <= 3; ++attempt) {
      job.dies(0, attempt);
      job.brings_up(attempt + 1);
    }
    job.dies(0, 4);
    CHECK(job.machine().over());
  }
}

TEST_CASE("a cancelled job aborts its checkpoint, ends, and does nothing more") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.out.take();
  job.machine().cancel();
  CHECK(job.out.take() == orders{"abort 1", "abandon 1", "finished"});
  job.dies(0, 1);
  job.pass(10s);
  CHECK(job.out.take() == orders{});
}

TEST_CASE("a job that goes on from a checkpoint restores it, and repeats its commit (P17)") {
  manifest from;
  from.epoch = {7};
  from.key_hash_version = key_hash_version;
  scenario job({.from = from});
  job.start();
  job.rolled_back(0, 1);
  job.rolled_back(1, 1);
  CHECK(job.out.take() == orders{"roll back 1 of 2", "restore 1 task 0 from 7", "restore 1 task 1 from 7"});
  job.restored(0, 1);
  job.restored(1, 1);
  CHECK(job.out.take() == orders{"resume 1", "commit 7 to 2"});
}

TEST_CASE("the manifest names the sinks that cannot recognise epochs (P18)") {
  scenario job;
  job.runs();
  job.takes_checkpoint(1, 1);
  REQUIRE(job.out.written.size() == 1);
  CHECK(job.out.written[0].unreleasable_sinks == std::vector<std::string>{"out0"});
  CHECK(job.out.written[0].job == "job");
}

}  // namespace
