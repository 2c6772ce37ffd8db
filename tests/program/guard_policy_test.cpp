// SPDX-License-Identifier: Apache-2.0
// Specifies what the guard does after each end of its process (P20): what is a crash, how often and after which waits it
// starts again, when it gives up, and with which exit code. By example, without processes and clocks.
#include "program/guard_policy.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr process_end segv{process_end::kind::signalled, SIGSEGV};
constexpr process_end hang{process_end::kind::exited, 4};

process_end exited(int code) {
  return {process_end::kind::exited, code};
}

/// The wait before the restart that follows; -1 ms: none follows.
std::chrono::nanoseconds delay_after(guard_policy& policy, const process_end& end,
                                     std::chrono::nanoseconds ran_for = 1s) {
  const auto decision = policy.on_process_end(end, ran_for);
  const auto* again = std::get_if<start_again>(&decision);
  return again != nullptr ? again->delay : std::chrono::nanoseconds(-1ms);
}

int exit_code_after(guard_policy& policy, const process_end& end) {
  const auto decision = policy.on_process_end(end, 1s);
  REQUIRE(std::holds_alternative<end_guard>(decision));
  return std::get<end_guard>(decision).exit_code;
}

}  // namespace

TEST_CASE("a death by a signal and exit code 4 are crashes, every other exit is an end") {
  CHECK(segv.is_crash());
  CHECK(hang.is_crash());
  for (const int code : {0, 1, 2, 3, 5, 130, 143}) {
    guard_policy policy({});
    CHECK_FALSE(exited(code).is_crash());
    CHECK(exit_code_after(policy, exited(code)) == code);
  }
}

TEST_CASE(
    "the first restart follows at once, later ones after waits that double up to the longest") {
  guard_policy policy({.attempts = 6, .initial_backoff = 100ms, .max_backoff = 500ms});

  CHECK(delay_after(policy, segv) == 0ms);
  CHECK(delay_after(policy, hang) == 100ms);
  CHECK(delay_after(policy, segv) == 200ms);
  CHECK(delay_after(policy, segv) == 400ms);
  CHECK(delay_after(policy, segv) == 500ms);
  CHECK(delay_after(policy, segv) == 500ms);
  CHECK(delay_after(policy, segv) == -1ms);
}

TEST_CASE("giving up keeps the exit code of the last crash, and says how often it was tried") {
  for (const auto& [end, code] : {std::pair{segv, 128 + SIGSEGV}, std::pair{hang, 4}}) {
    guard_policy policy({.attempts = 2});
    REQUIRE(delay_after(policy, segv) >= 0ms);
    REQUIRE(delay_after(policy, segv) >= 0ms);

    const auto decision = policy.on_process_end(end, 1s);

    REQUIRE(std::holds_alternative<end_guard>(decision));
    CHECK(std::get<end_guard>(decision).exit_code == code);
    CHECK(std::get<end_guard>(decision).reason.find("2 restarts in a row") != std::string::npos);
  }
}

TEST_CASE("without attempts the first crash ends the guard") {
  guard_policy policy({.attempts = 0});
  CHECK(exit_code_after(policy, segv) == 128 + SIGSEGV);
}

TEST_CASE(
    "a process that ran long enough makes count and waits start anew, a shorter one does not") {
  guard_policy policy({.attempts = 2, .initial_backoff = 100ms, .reset_threshold = 1min});
  REQUIRE(delay_after(policy, segv) == 0ms);
  REQUIRE(delay_after(policy, segv, 1min - 1ns) == 100ms);

  CHECK(delay_after(policy, segv, 1min) == 0ms);
  CHECK(delay_after(policy, segv) == 100ms);
  CHECK(delay_after(policy, segv) == -1ms);
}

TEST_CASE("what was asked to end is not started again, however it ends") {
  for (const auto& end : {segv, hang, exited(0), exited(130)}) {
    guard_policy policy({});
    policy.on_end_requested(SIGTERM);

    CHECK(exit_code_after(policy, end) == end.exit_code());
    CHECK(policy.end_requested() == SIGTERM);
  }
}

TEST_CASE("an end is told by its signal's name or its code") {
  CHECK(segv.text() == "died of SIGSEGV");
  CHECK(process_end{process_end::kind::signalled, SIGKILL}.text() == "died of SIGKILL");
  CHECK(hang.text() == "ended with exit code 4 (a task hangs)");
  CHECK(exited(7).text() == "ended with exit code 7");
}

TEST_CASE("a start repeats the arguments without --guard, a restart also without where to begin") {
  const std::vector<std::string> first{
      "job",     "run", "--guard",  "--from",   "12",
      "--fresh", "-D",  "a=--from", "--from=3", "--allow-duplicates"};
  const std::vector<std::string> again{"job", "run", "-D", "a=--from", "--allow-duplicates"};

  auto once = first;
  once.erase(once.begin() + 2);
  CHECK(arguments_of_start(first, false) == once);
  CHECK(arguments_of_start(first, true) == again);
  CHECK(arguments_of_start({"job", "run", "--from"}, true) ==
        std::vector<std::string>{"job", "run"});
}

TEST_CASE("waits that contradict each other break the rule of guard settings") {
  const auto holds = [](std::vector<std::string> given) {
    return guard_settings::rule().holds(*configuration::from(given));
  };
  CHECK(holds({}));
  CHECK(holds({"guard.restart.initial-backoff=2 s", "guard.restart.max-backoff=2 s"}));
  CHECK_FALSE(holds({"guard.restart.initial-backoff=2 s", "guard.restart.max-backoff=1 s"}));
}
