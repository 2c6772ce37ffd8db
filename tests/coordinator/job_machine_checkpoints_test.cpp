// SPDX-License-Identifier: Apache-2.0
// Specifies checkpoints, commits and the end of a job as scenarios: what comes in, and which orders go out. Attempts and
// failures: job_machine_test.cpp.
#include "coordinator/job_machine.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/coordinator/job_scenario.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using test::orders;
using scenario = test::job_scenario;

TEST_CASE(
    "a checkpoint is triggered, written when all have acked, and committed when written (P12, "
    "P17)") {
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

TEST_CASE(
    "declined checkpoints count as failed, and beyond the tolerable ones they fail the job (P8)") {
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

TEST_CASE(
    "a bounded job ends when a checkpoint begun after its end is committed, also without an "
    "interval (P16)") {
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

TEST_CASE("the manifest names the sinks that cannot recognise epochs (P18)") {
  scenario job;
  job.runs();
  job.takes_checkpoint(1, 1);
  REQUIRE(job.out.written.size() == 1);
  CHECK(job.out.written[0].unreleasable_sinks == std::vector<std::string>{"out0"});
  CHECK(job.out.written[0].job == "job");
}

}  // namespace
