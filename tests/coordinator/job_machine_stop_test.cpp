// SPDX-License-Identifier: Apache-2.0
// Specifies what a job does when somebody asks for a checkpoint, or for its end with one, as scenarios: what comes in, which
// orders go out, and what those who asked are told.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/coordinator/job_scenario.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using test::orders;
using scenario = test::job_scenario;

/// Both tasks ack, the manifest is written.
void completes(scenario& job, std::uint64_t epoch, std::uint64_t attempt = 1) {
  job.acks(0, epoch, attempt);
  job.acks(1, epoch, attempt);
  job.written(epoch);
}

TEST_CASE("a checkpoint that is asked for begins at once, also when none are taken by time") {
  scenario job({.interval = 0s});
  job.runs();
  const auto request = job.asks_checkpoint();
  CHECK(job.out.take() == orders{"trigger 1"});
  CHECK(!job.outcome_of(request));
  completes(job, 1);
  CHECK(**job.outcome_of(request) == epoch_id{1});
  CHECK(job.out.take() == orders{"write 1", "commit 1 to 2"});
}

TEST_CASE(
    "one that is in progress is not interrupted; the next serves all who have asked by then") {
  scenario job;
  job.runs();
  job.pass(1s);
  const auto first = job.asks_checkpoint();
  const auto second = job.asks_checkpoint();
  CHECK(job.out.take() == orders{"trigger 1"});
  completes(job, 1);
  CHECK(job.out.take() == orders{"write 1", "commit 1 to 2", "trigger 2"});
  CHECK(!job.outcome_of(first));
  completes(job, 2);
  CHECK(**job.outcome_of(first) == epoch_id{2});
  CHECK(**job.outcome_of(second) == epoch_id{2});
}

TEST_CASE("who asked for a checkpoint that fails learns why; it is not tried again") {
  scenario job({.interval = 0s});
  job.runs();
  const auto declined = job.asks_checkpoint();
  job.declines(1, 1, 1);
  CHECK(job.outcome_of(declined)->error().message.find("out0/0 declined") != std::string::npos);
  job.out.take();
  job.pass(1h);
  CHECK(job.out.take() == orders{});

  const auto unwritten = job.asks_checkpoint();
  job.acks(0, 2, 1);
  job.acks(1, 2, 1);
  job.written(2, error{error_code::no_space, "full"});
  CHECK(job.outcome_of(unwritten)->error().code == error_code::no_space);

  const auto aborted = job.asks_checkpoint();
  job.dies(0, 1);
  CHECK(job.outcome_of(aborted)->error().message.find("task count0/0 failed") != std::string::npos);
}

TEST_CASE("a checkpoint that is asked for while the job restarts is taken when it runs again") {
  scenario job({.interval = 0s});
  job.runs();
  job.dies(0, 1);
  const auto request = job.asks_checkpoint();
  job.out.take();
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  job.restored(0, 2);
  job.restored(1, 2);
  CHECK(job.out.take().back() == "trigger 1");
  completes(job, 1, 2);
  CHECK(**job.outcome_of(request) == epoch_id{1});
}

TEST_CASE("a stop is a last checkpoint, at whose commit the job ends as finished") {
  scenario job;
  job.runs();
  const auto request = job.asks_stop();
  CHECK(job.out.take() == orders{"trigger last 1"});
  CHECK(job.observe().state == observed_job_state::cancelling);
  completes(job, 1);
  CHECK(job.out.take() == orders{"write 1", "commit 1 to 2"});
  job.committed(0, 1);
  CHECK(!job.outcome_of(request));
  job.pass(1500ms);
  CHECK(job.out.take() == orders{});  // no checkpoint behind the last one, also when one is due
  CHECK(job.machine().next_time(job.now()) > job.now());
  job.committed(1, 1);
  CHECK(job.out.take() == orders{"finished"});
  CHECK(**job.outcome_of(request) == epoch_id{1});
  CHECK(job.observe().state == observed_job_state::finished);
  CHECK(!job.out.written[0].finished);  // a later run goes on from here
}

TEST_CASE("a stop waits for the checkpoint in progress, and no other comes before it") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.out.take();
  job.asks_stop();
  CHECK(job.out.take() == orders{});
  completes(job, 1);
  CHECK(job.out.take() == orders{"write 1", "commit 1 to 2", "trigger last 2"});
  job.committed(0, 1);
  job.committed(1, 1);
  CHECK(job.out.take() == orders{});  // that was the older one
}

TEST_CASE("a stop whose checkpoint fails is tried again, and then the job goes on") {
  scenario job({.tolerable = 1});
  job.runs();
  const auto request = job.asks_stop();
  job.declines(0, 1, 1);
  CHECK(job.out.take() == orders{"trigger last 1", "abort 1", "abandon 1"});
  CHECK(!job.outcome_of(request));
  job.pass(100ms);
  CHECK(job.out.take() == orders{"trigger last 2"});
  job.acks(0, 2, 1);
  job.acks(1, 2, 1);
  job.written(2, error{error_code::no_space, "full"});
  CHECK(job.out.take() == orders{"write 2", "abort 2"});
  CHECK(job.outcome_of(request)->error().message.find("2 checkpoints in a row failed") !=
        std::string::npos);
  CHECK(job.observe().state == observed_job_state::running);
  CHECK(!job.machine().over());

  job.pass(1s);
  CHECK(job.out.take() == orders{"trigger 3"});  // as if nothing had happened
}

TEST_CASE("a task that dies during a stop is restored, and then the job stops") {
  scenario job;
  job.runs();
  const auto request = job.asks_stop();
  std::uint64_t next = 2;
  SUBCASE("before the checkpoint is complete") {
    job.acks(0, 1, 1);
    job.dies(1, 1);
  }
  SUBCASE("when it is complete and not committed") {
    completes(job, 1);
    job.committed(0, 1);
    job.dies(1, 1);
  }
  CHECK(!job.outcome_of(request));
  CHECK(job.observe().state == observed_job_state::restarting);
  job.brings_up(2);
  CHECK(job.observe().state == observed_job_state::cancelling);
  completes(job, next, 2);
  job.committed(0, next);
  job.committed(1, next);
  CHECK(**job.outcome_of(request) == epoch_id{next});
  CHECK(job.out.take().back() == "finished");
}

TEST_CASE("a cancelled job, or one that has ended, refuses who asks") {
  scenario job;
  job.runs();
  const auto stop = job.asks_stop();
  job.machine().cancel(job.now());
  CHECK(job.outcome_of(stop)->error().code == error_code::not_found);
  CHECK(job.observe().state == observed_job_state::canceled);
  CHECK(job.outcome_of(job.asks_checkpoint())->error().code == error_code::not_found);
  CHECK(job.outcome_of(job.asks_stop())->error().code == error_code::not_found);
}

TEST_CASE("what happens to a job and its tasks is remembered") {
  scenario job({.delay = 5s});
  job.start();
  CHECK(job.observe().state == observed_job_state::created);
  job.brings_up(1);
  CHECK(job.observe().tasks[0].state == observed_task_state::running);
  job.takes_checkpoint(1, 1);
  job.dies_of(0xabc, 1, 1);
  const auto down = job.observe();
  CHECK(down.state == observed_job_state::restarting);
  CHECK(down.tasks[0].state == observed_task_state::created);
  CHECK(down.restarts_at > 0);
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  job.pass(5s);
  CHECK(job.observe().tasks[1].state == observed_task_state::initializing);
  CHECK(job.observe().restarts_at == not_known);
  job.restored(0, 2);
  job.restored(1, 2);

  const auto up = job.observe();
  CHECK(up.state == observed_job_state::running);
  REQUIRE(up.exceptions.size() == 1);
  CHECK(up.exceptions[0].task == "out0/0");
  CHECK(up.exceptions[0].record == identity_text(0xabc));
  CHECK(up.exceptions[0].restored_to == epoch_id{1});
  CHECK(up.exceptions[0].until_running == 5s);
  CHECK(up.checkpoints.latest_restored == epoch_id{1});
  CHECK(up.checkpoints.latest_completed->epoch == epoch_id{1});
}

TEST_CASE("a late or repeated ack is not counted twice") {
  scenario job;
  job.runs();
  job.pass(1s);
  job.acks(0, 1, 1);
  job.pass(1s);
  job.acks(0, 1, 1);
  const auto acked = job.observe().checkpoints.in_progress->tasks[0].acked;
  CHECK(acked == job.observe().checkpoints.in_progress->triggered);
}

}  // namespace
