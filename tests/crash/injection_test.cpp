// SPDX-License-Identifier: Apache-2.0
// Injected faults that end a real process: in each phase of an epoch and at a record, under a guard; and a task that
// hangs, which the watchdog ends. Each time the fault is asserted to have hit, and the output is that of a run without.
#include <doctest/doctest.h>

#include <string>

#include "tests/crash/guarded.hpp"

using namespace weir::crash;

namespace {

strings injecting(const std::string& plan) {
  return {"--pause-us", "1000",
          "-D",         "weir.injection.enabled=true",
          "-D",         "weir.injection.plan=" + plan,
          "-D",         "guard.restart.max-backoff=1 ms",
          "-D",         "guard.restart.initial-backoff=1 ms"};
}

}  // namespace

TEST_CASE("kill -9 in each phase of an epoch costs one restart, and no record") {
  for (const std::string phase : {"aligning", "draining", "writing", "manifest", "committing"}) {
    CAPTURE(phase);
    const workload work(test_seed(), 30'000);
    const std::string whom = phase == "manifest" ? "" : "task=count/1 ";
    const auto fault = "kill9 " + whom + "epoch=2 phase=" + phase;
    auto guard = start_guarded(work, injecting(fault));
    CHECK_MESSAGE(guard->wait() == 0, guard->log());
    const auto log = guard->log();
    CHECK_MESSAGE(times(log, "injected fault \"" + fault + "\" hits") == 1, log);
    CHECK_MESSAGE(times(log, "died of SIGKILL") == 1, log);
    CHECK_MESSAGE(times(log, "has never hit") == 1, log);  // epochs of the second are other ones
    work.check_exact();
  }
}

TEST_CASE("a write of the store that is torn or lost costs one restart, and no record") {
  for (const std::string kind : {"torn_write", "lost_write"}) {
    for (const std::string phase : {"writing", "manifest"}) {
      const workload work(test_seed(), 30'000);
      const auto fault = kind + " disk=store epoch=2 phase=" + phase;
      CAPTURE(fault);
      auto guard = start_guarded(work, injecting(fault));
      CHECK_MESSAGE(guard->wait() == 0, guard->log());
      const auto log = guard->log();
      CHECK_MESSAGE(times(log, "injected fault \"" + fault + "\" hits") == 1, log);
      CHECK_MESSAGE(times(log, "died of SIGKILL") == 1, log);
      CHECK_MESSAGE(times(log, "resuming from the last checkpoint") == 1, log);
      work.check_exact();
    }
  }
}

TEST_CASE(
    "an abort at a record comes back in each process that takes so many, and costs no record") {
  const workload work(test_seed(), 60'000);
  auto guard = start_guarded(work, injecting("abort task=count/0 record=20000"));
  CHECK_MESSAGE(guard->wait() == 0, guard->log());
  const auto log = guard->log();
  const auto aborts = times(log, "died of SIGABRT");
  CHECK_MESSAGE(aborts >= 1, log);
  CHECK_MESSAGE(times(log, "injected fault \"abort task=count/0 record=20000\" hits") == aborts,
                log);
  CHECK_MESSAGE(times(log, started_text) == aborts + 1, log);
  work.check_exact();
}

TEST_CASE("an injected hang ends the process with exit code 4, and the stack shows it") {
  const workload work(test_seed(), 30'000);
  auto more = injecting("hang task=count/0 record=10000");
  more.insert(more.end(), {"-D", "task.hang.timeout=500 ms"});
  auto process = start_run(work, more);
  CHECK(process->wait() == 4);
  const auto log = process->log();
  CHECK_MESSAGE(times(log, "injected fault \"hang task=count/0 record=10000\" hits") == 1, log);
  CHECK_MESSAGE(has(log, "weir::injected_hang()"), log);
  finish_run(work);
  work.check_exact();
}
