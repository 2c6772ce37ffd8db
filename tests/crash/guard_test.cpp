// SPDX-License-Identifier: Apache-2.0
// `run --guard` with real processes (P20): the guarded process dies in every way, signals come at every moment, and the
// guard itself is killed. Each time the output is that of a run without failures, and nothing is left running.
#include <doctest/doctest.h>
#include <sys/prctl.h>

#include <memory>
#include <random>
#include <string>

#include "tests/crash/guarded.hpp"

using namespace weir::crash;

namespace {

const strings no_delay{"-D", "guard.restart.initial-backoff=1 ms", "-D",
                       "guard.restart.max-backoff=1 ms"};

strings with(strings all, const strings& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("SIGSEGV in user code costs one restart, which resumes, and no record") {
  const workload work(test_seed(), 60'000);
  auto guard =
      start_guarded(work, {"--fresh", "--fault", "segv", "--fault-at", "20000", "--committed",
                           "yes", "--pause-us", "1000", "--once", work.at("hurt").string()});

  CHECK_MESSAGE(guard->wait() == 0, guard->log());

  const auto log = guard->log();
  CHECK(std::filesystem::exists(work.at("hurt")));
  CHECK_MESSAGE(times(log, started_text) == 2, log);
  CHECK_MESSAGE(has(log, "died of SIGSEGV after "), log);
  CHECK_MESSAGE(has(log, ": starting again at once, attempt 1 of 10"), log);
  CHECK_MESSAGE(times(log, "starting afresh") == 1, log);
  CHECK_MESSAGE(times(log, "resuming from the last checkpoint") == 1, log);
  work.check_exact();
}

TEST_CASE("kill -9 of the guarded process, again and again, costs restarts and no record") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 60'000);
  constexpr std::size_t kills = 8;
  auto guard = start_guarded(
      work, with(no_delay, {"--pause-us", "1000", "-D", "guard.restart.attempts=100"}));
  std::size_t before = 0;
  for (std::size_t i = 1; i <= kills; ++i) {
    const pid_t child = child_of(*guard, i);
    REQUIRE_MESSAGE(guard->wait_until([&] { return work.committed().size() > before; }),
                    guard->log());
    before = work.committed().size();
    REQUIRE(kill(child, SIGKILL) == 0);
  }

  CHECK_MESSAGE(guard->wait() == 0, guard->log());

  CHECK(before < work.expected().size());
  CHECK_MESSAGE(times(guard->log(), "died of SIGKILL after ") == kills, guard->log());
  work.check_exact();
}

TEST_CASE("when the guard itself is killed, the process that it guards dies with it") {
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // orphans become ours, and we see how they end
  const workload work(test_seed(), 60'000);
  auto guard = start_guarded(work, {"--pause-us", "1000"});
  const pid_t child = child_of(*guard);
  REQUIRE_MESSAGE(guard->wait_until([&] { return work.is_halfway(); }), guard->log());

  REQUIRE(guard->kill_9());

  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  REQUIRE(work.is_halfway());
  finish_run(work);
  work.check_exact();
}

TEST_CASE("a guard that is killed while it starts processes leaves none behind") {
  REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  std::mt19937_64 random(test_seed());
  const workload work(random(), 10);
  for (int i = 0; i < 20; ++i) {
    auto guard = start_guarded(
        work, with(no_delay, {"--fault", "abort", "-D", "guard.restart.attempts=1000000"}));
    child_of(*guard, 2);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));

    REQUIRE_MESSAGE(guard->kill_9(), guard->log());

    // Every child that is left must end by itself; a living one would make this wait for ever.
    int status = 0;
    while (waitpid(-1, &status, 0) > 0)
      CHECK_FALSE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
}

TEST_CASE("a process that dies at once, for ever, is given up, with its exit code and the reason") {
  const workload work(test_seed(), 10);
  auto guard =
      start_guarded(work, with(no_delay, {"--fault", "abort", "-D", "guard.restart.attempts=3"}));

  CHECK(guard->wait() == 128 + SIGABRT);

  const auto log = guard->log();
  CHECK_MESSAGE(times(log, started_text) == 4, log);
  CHECK_MESSAGE(has(log, "attempt 3 of 3"), log);
  CHECK_MESSAGE(has(log, "not starting again: 3 restarts in a row"), log);
}

TEST_CASE("signals that end a program end the guarded job, and it goes on when it is run again") {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    CAPTURE(signal);
    const workload work(test_seed(), 60'000);
    auto guard = start_guarded(work, {"--pause-us", "1000"});
    REQUIRE_MESSAGE(guard->wait_until([&] { return work.is_halfway(); }), guard->log());

    guard->send(signal);

    CHECK_MESSAGE(guard->wait() == 128 + signal, guard->log());
    CHECK_MESSAGE(times(guard->log(), started_text) == 1, guard->log());
    REQUIRE(work.is_halfway());
    finish_run(work);
    work.check_exact();
  }
}

TEST_CASE("a signal that comes while the guard waits to start again ends the wait") {
  const workload work(test_seed(), 10);
  for (const int signal : {SIGTERM, SIGINT}) {
    auto guard = start_guarded(work, {"--fault", "abort", "-D", "guard.restart.initial-backoff=1 h",
                                      "-D", "guard.restart.max-backoff=1 h"});
    REQUIRE_MESSAGE(guard->wait_for("starting again in 1 h, attempt 2 of 10"), guard->log());

    guard->send(signal);

    CHECK_MESSAGE(guard->wait() == 128 + signal, guard->log());
    CHECK_MESSAGE(has(guard->log(), "while waiting to start again: ending"), guard->log());
    CHECK(times(guard->log(), started_text) == 2);
  }
}

TEST_CASE("a signal at any moment of a restart ends the guard and the process") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 10);
  for (int i = 0; i < 20; ++i) {
    auto guard = start_guarded(
        work, with(no_delay, {"--fault", "abort", "-D", "guard.restart.attempts=1000000"}));
    child_of(*guard, 2);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));

    guard->send(SIGTERM);

    // The process may die of its own crash before it can obey.
    const int code = guard->wait();
    CHECK_MESSAGE((code == 128 + SIGTERM || code == 128 + SIGABRT), code, " ", guard->log());
  }
}

TEST_CASE("--fresh is repeated until the job has begun anew, and not after that") {
  const workload work(test_seed(), 3'000);
  finish_run(work);
  const auto output = work.at("again");
  auto guard = start_guarded(work, {"--fresh", "--output", output.string(), "--fault", "abort",
                                    "--once", work.at("hurt").string()});

  CHECK_MESSAGE(guard->wait() == 0, guard->log());

  CHECK(times(guard->log(), "died of SIGABRT") == 1);
  CHECK_MESSAGE(times(guard->log(), "starting afresh") == 1, guard->log());
  CHECK(workload::committed_in(output) == work.expected());
}

namespace {

const std::string slowly = "execution.checkpointing.interval=1 h";
const std::string resuming = "resuming from the last checkpoint job=victim checkpoint=";

/// Two runs are killed halfway; the checkpoint that the second began at is the newest.
std::string checkpoint_of_killed_runs(const workload& work) {
  {
    auto first = start_run(work, {"--pause-us", "1000"});
    REQUIRE_MESSAGE(first->wait_until([&] { return work.is_halfway(); }), first->log());
    REQUIRE(first->kill_9());
  }
  auto second = start_run(work, {"--pause-us", "1000", "-D", slowly});
  REQUIRE_MESSAGE(second->wait_for(resuming), second->log());
  REQUIRE(second->kill_9());
  const auto log = second->log();
  return std::to_string(std::stoul(log.substr(log.find(resuming) + resuming.size())));
}

}  // namespace

TEST_CASE("--from is repeated until this run has completed a checkpoint") {
  const workload work(test_seed(), 60'000);
  const auto from = checkpoint_of_killed_runs(work);

  auto guard = start_guarded(work, {"--from", from, "--pause-us", "1000", "-D", slowly});

  REQUIRE_MESSAGE(guard->wait_for(resuming), guard->log());
  kill(child_of(*guard), SIGKILL);
  REQUIRE_MESSAGE(guard->wait_for(resuming, 2), guard->log());
  CHECK(has(command_line_of(child_of(*guard, 2)), "--from"));
  guard->send(SIGTERM);
  CHECK(guard->wait() == 128 + SIGTERM);
}

TEST_CASE("--from is not repeated after the run has completed a checkpoint") {
  const workload work(test_seed(), 60'000);
  const auto from = checkpoint_of_killed_runs(work);

  // The process says so a moment after its first checkpoint. One that dies in between is started with --from again, which
  // is refused by then, and at once without it.
  auto guard = start_guarded(work, with(no_delay, {"--from", from, "--pause-us", "1000", "-D",
                                                   "guard.restart.attempts=1000"}));
  std::size_t kills = 0;
  do {
    const auto committed = work.committed().size();
    REQUIRE_MESSAGE(guard->wait_until([&] { return work.committed().size() > committed; }),
                    guard->log());
    kill(last_child_of(*guard), SIGKILL);
    REQUIRE_MESSAGE(guard->wait_for(resuming, ++kills + 1), guard->log());
  } while (has(command_line_of(last_child_of(*guard)), "--from"));
  CHECK_MESSAGE(guard->wait() == 0, guard->log());
  work.check_exact();
}

TEST_CASE("an exit that is no crash is kept, and nothing is started again") {
  const workload work(test_seed(), 10);
  struct example {
    strings more;
    int code;
    std::size_t starts;
  };
  const example examples[] = {
      {{}, 0, 1},
      {{"--from", "99"}, 3, 1},
      {{"-D", "no.such.key=1"}, 2, 0},
      {{"-D", "guard.restart.attempts=-1"}, 2, 0},
      {{"--fault", "throw", "--fault-at", "5", "-D", "restart-strategy.type=none", "--fresh"},
       1,
       1}};
  for (const auto& [more, code, starts] : examples) {
    auto guard = start_guarded(work, more);
    CHECK_MESSAGE(guard->wait() == code, guard->log());
    CHECK_MESSAGE(times(guard->log(), started_text) == starts, guard->log());
  }
}
