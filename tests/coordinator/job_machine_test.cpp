// SPDX-License-Identifier: Apache-2.0
// Specifies attempts, failures and recovery of a job as scenarios: what comes in, and which orders go out. Checkpoints:
// job_machine_checkpoints_test.cpp. Whole runs: dataflow/cut_test.cpp.
#include "coordinator/job_machine.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/coordinator/job_scenario.hpp"
#include "weir/core/hash.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using test::orders;
using scenario = test::job_scenario;

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
  CHECK(job.out.take() ==
        orders{"resume 2", "commit 1 to 2"});  // P17: what was complete is released
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

TEST_CASE(
    "a death during a restart begins another attempt, and the one before restores nothing (P13)") {
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

TEST_CASE(
    "while a manifest is being written nothing is restored: it may be where to go back to (P12)") {
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
    CHECK(job.out.take() ==
          orders{"abort 1", "restore 2 task 0 from 0", "restore 2 task 1 from 0"});
  }
}

TEST_CASE(
    "a death after the last checkpoint, before its commit is confirmed, restores it and ends again "
    "(P16, P17)") {
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
  job.machine().cancel(job.now());
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
  CHECK(job.out.take() ==
        orders{"roll back 1 of 2", "restore 1 task 0 from 7", "restore 1 task 1 from 7"});
  job.restored(0, 1);
  job.restored(1, 1);
  CHECK(job.out.take() == orders{"resume 1", "commit 7 to 2"});
}

}  // namespace
