// SPDX-License-Identifier: Apache-2.0
// The watchdog with real processes (P20): user code that never returns, and a state that outgrows the memory bound.
#include <doctest/doctest.h>

#include <string>

#include "tests/crash/guarded.hpp"

using namespace weir::crash;

namespace {

strings hanging(const workload& work) {
  return {"--fault",     "hang", "--fault-at", "20000",
          "--committed", "yes",  "--once",     work.at("hurt").string(),
          "--pause-us",  "1000", "-D",         "task.hang.timeout=500 ms"};
}

}  // namespace

TEST_CASE(
    "user code that never returns ends the process with exit code 4, its task and its stack") {
  const workload work(test_seed(), 60'000);
  auto process = start_run(work, hanging(work));

  CHECK(process->wait() == 4);

  const auto log = process->log();
  CHECK(std::filesystem::exists(work.at("hurt")));
  CHECK_MESSAGE(
      times(log, "task hangs: it has held its thread for task.hang.timeout = 500 ms") == 1, log);
  CHECK_MESSAGE(has(log, "after task.hang.timeout = 500 ms the process ends"), log);
  CHECK_MESSAGE(has(log, "task=\"count -> out/"), log);
  CHECK_MESSAGE(has(log, " spin_for_ever()+"), log);
  CHECK_MESSAGE(has(log, "weir::task_core::step()"), log);
  REQUIRE(work.is_halfway());
  finish_run(work);
  work.check_exact();
}

TEST_CASE("under a guard a job whose user code hangs once finishes, with every record once") {
  const workload work(test_seed(), 60'000);
  auto guard = start_guarded(work, hanging(work));

  CHECK_MESSAGE(guard->wait() == 0, guard->log());

  const auto log = guard->log();
  CHECK_MESSAGE(has(log, "ended with exit code 4 (a task hangs) after "), log);
  CHECK_MESSAGE(times(log, started_text) == 2, log);
  CHECK_MESSAGE(times(log, "resuming from the last checkpoint") == 1, log);
  work.check_exact();
}

TEST_CASE("a slow task that goes on is no hang") {
  // A batch takes half a second, a step of several batches two: longer than the bound.
  const workload work(test_seed(), 12'000);
  auto process = start_run(work, {"--pause-us", "15000", "-D", "task.hang.timeout=1 s"});
  CHECK_MESSAGE(process->wait() == 0, process->log());
  CHECK_MESSAGE(!has(process->log(), "task hangs"), process->log());
  work.check_exact();
}

TEST_CASE(
    "a state that outgrows memory.process.size fails the job, by name, and no guard repeats it") {
  const workload work(test_seed(), 10);
  auto guard = start_guarded(work, {"--grow", "1000000000000", "-D", "memory.process.size=256 mb"});

  CHECK_MESSAGE(guard->wait() == 1, guard->log());

  const auto log = guard->log();
  CHECK_MESSAGE(times(log, started_text) == 1, log);
  CHECK_MESSAGE(has(log, "job failed: limit exceeded: memory.process.size = 256 mb is exceeded"),
                log);
  CHECK_MESSAGE(has(log, "largest states: remember/kept "), log);
}

TEST_CASE("user code that takes memory and never returns ends the process with exit code 1") {
  const workload work(test_seed(), 3'000);
  auto guard = start_guarded(
      work, {"--fault", "eat", "--fault-at", "1000", "-D", "memory.process.size=256 mb"});

  CHECK_MESSAGE(guard->wait() == 1, guard->log());

  const auto log = guard->log();
  CHECK_MESSAGE(times(log, started_text) == 1, log);
  CHECK_MESSAGE(has(log, "the failed job does not give its memory back, the process ends"), log);
}
