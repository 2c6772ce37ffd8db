// SPDX-License-Identifier: Apache-2.0
// Specifies what the coordinator does about poison records (P19) as scenarios: kills use up no restart, are kept before the
// restore that they lead to, and a convicted record is left out of each attempt in which it may come again.
#include <doctest/doctest.h>

#include <chrono>

#include "coordinator/job_machine.hpp"
#include "tests/coordinator/job_scenario.hpp"

namespace {

using namespace weir;
using test::orders;
using scenario = test::job_scenario;

constexpr poison_rule skip_after_2{poison_rule::action::skip, 2, 0};

/// Task 0 dies of record 7 in attempts 1 and 2; attempt 3 is up, without it.
void convict(scenario& job) {
  job.runs();
  job.dies_of(7, 0, 1);
  job.brings_up(2);
  job.dies_of(7, 0, 2);
  job.brings_up(3);
}

orders restored_without_7(std::uint64_t attempt, std::uint64_t epoch) {
  const std::string head = "restore " + std::to_string(attempt) + " task ";
  const std::string tail = " from " + std::to_string(epoch);
  return {head + "0" + tail + " without 7", head + "1" + tail};
}

TEST_CASE("a record that has killed as often as its operator's rule says is left out") {
  scenario job({.poison = skip_after_2});
  job.runs();

  job.dies_of(7, 0, 1);
  CHECK(job.out.take() == orders{"keep poison", "roll back 2 of 2"});
  job.rolled_back(0, 2);
  job.rolled_back(1, 2);
  CHECK(job.out.take() == orders{"restore 2 task 0 from 0", "restore 2 task 1 from 0"});
  job.restored(0, 2);
  job.restored(1, 2);
  job.out.take();
  job.dies_of(7, 0, 2);
  CHECK(job.out.take() == orders{"keep poison", "roll back 3 of 2"});
  job.rolled_back(0, 3);
  job.rolled_back(1, 3);
  CHECK(job.out.take() == restored_without_7(3, 0));
}

TEST_CASE("kills use up no restart attempt, other failures do") {
  scenario job({.restart = restart_kind::none, .attempts = 100, .poison = skip_after_2});
  job.runs();
  for (std::uint64_t attempt = 1; attempt <= 20; ++attempt) {
    job.dies_of(attempt, 0, attempt);
    job.brings_up(attempt + 1);
  }
  CHECK(!job.machine().over());
  CHECK(job.machine().counters().restarts == 20);
  job.dies(0, 21);
  CHECK(job.machine().over());
}

TEST_CASE("fail ends the job, and says which record and operator") {
  scenario job({.poison = poison_rule{poison_rule::action::fail, 2, 0}});
  job.runs();
  job.dies_of(0xabc, 0, 1);
  job.brings_up(2);
  job.dies_of(0xabc, 0, 2);
  CHECK(job.out.take() ==
        orders{"keep poison",
               "failed: record 0000000000000abc has killed operator count0 2 times: task count0/0: "
               "exception in user code: boom"});
}

TEST_CASE("a record stays left out until a checkpoint that was begun after its skip") {
  scenario job({.poison = skip_after_2});
  convict(job);
  job.takes_checkpoint(1, 3);  // the record has not come yet
  job.dies(1, 3);
  job.rolled_back(0, 4);
  job.rolled_back(1, 4);
  CHECK(job.out.take().size() == 3);
  job.restored(0, 4);
  job.restored(1, 4);
  job.out.take();

  job.skips(7, 0, 4);
  CHECK(job.out.take() == orders{"trigger 2"});  // at once
  job.acks(0, 2, 4);
  job.acks(1, 2, 4);
  CHECK(job.out.take() == orders{"keep poison", "write 2"});
  job.written(2);
  job.dies(1, 4);
  job.rolled_back(0, 5);
  job.rolled_back(1, 5);
  CHECK(job.out.take() == orders{"commit 2 to 2", "roll back 5 of 2", "restore 5 task 0 from 2",
                                 "restore 5 task 1 from 2"});
}

TEST_CASE(
    "a skip is undone by a rollback behind it, also when its checkpoint could not be written") {
  scenario job({.poison = skip_after_2});
  convict(job);
  job.skips(7, 0, 3);
  job.acks(0, 1, 3);
  job.acks(1, 1, 3);
  job.written(1, error{error_code::no_space, "full"});
  job.out.take();

  job.dies(1, 3);
  job.rolled_back(0, 4);
  job.rolled_back(1, 4);

  auto seen = job.out.take();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0] == "roll back 4 of 2");
  CHECK(seen[1] == "keep poison");
  CHECK(orders(seen.begin() + 2, seen.end()) == restored_without_7(4, 0));
}

TEST_CASE("a new process knows what was kept") {
  scenario first({.poison = skip_after_2});
  first.runs();
  first.dies_of(7, 0, 1);

  scenario second({.attempts = 16, .poison = skip_after_2, .known_poison = first.out.poison});
  second.runs();
  second.dies_of(7, 0, 1);  // the scenario's attempts begin anew, the store's never do
  CHECK(second.out.take().front() == "keep poison");
  second.brings_up(2);
  second.dies_of(7, 0, 2);
  second.rolled_back(0, 3);
  second.rolled_back(1, 3);
  auto seen = second.out.take();
  REQUIRE(seen.size() >= 2);
  CHECK(orders(seen.end() - 2, seen.end()) == restored_without_7(3, 0));
}

TEST_CASE("more convictions than are kept, without a checkpoint, end the job") {
  const poison_rule at_once{poison_rule::action::skip, 1, 0};
  scenario job({.attempts = 2000, .poison = at_once});
  job.runs();
  for (std::uint64_t i = 1; i <= poison_ledger::records_max; ++i) {
    job.dies_of(i, 0, i);
    job.brings_up(i + 1);
  }
  CHECK(!job.machine().over());
  job.dies_of(5000, 0, poison_ledger::records_max + 1);
  CHECK(job.machine().over());
  CHECK(job.out.take().back().starts_with("failed: more than 1024 poison records"));
}

}  // namespace
