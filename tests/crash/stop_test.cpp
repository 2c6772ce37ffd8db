// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT as a process's operator sees them: the first stops the job with a final checkpoint, the second ends it
// at once, and kill -9 in between loses nothing. After each, the job goes on and commits what a run without faults does.
#include <doctest/doctest.h>

#include <random>

#include "tests/crash/guarded.hpp"

using namespace weir::crash;

namespace {

/// In the log, when a run knows what it goes on from.
constexpr std::string_view begins = "job=victim checkpoint=";
const strings slowly{"--pause-us", "1000", "-D", "execution.checkpointing.interval=1 h"};

strings with(strings all, const strings& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("a signal commits all that was read, although no checkpoint was due for an hour") {
  const workload work(test_seed(), 60'000);
  constexpr int stops_wanted = 2;
  for (int stops = 0, runs = 0; stops < stops_wanted; ++runs) {
    REQUIRE(runs < 50);
    const auto before = work.committed().size();
    const int signal = runs % 2 == 0 ? SIGTERM : SIGINT;
    auto process = start_run(work, slowly);
    REQUIRE_MESSAGE(process->wait_for(begins), process->log());
    std::this_thread::sleep_for(milliseconds(20 * (runs + 1)));  // the moment of the signal

    process->send(signal);

    CHECK_MESSAGE(process->wait() == 128 + signal, process->log());
    CHECK_MESSAGE(has(process->log(), "job stopped"), process->log());
    if (work.committed().size() > before) ++stops;
    REQUIRE(work.committed().size() < work.expected().size());
  }
  finish_run(work);
  work.check_exact();
}

TEST_CASE("a second signal ends the job at once") {
  const workload work(test_seed(), 60'000);
  auto process =
      start_run(work, with(slowly, {"-D", "weir.injection.enabled=true", "-D",
                                    "weir.injection.plan=slow phase=draining for=3s times=1000"}));
  REQUIRE_MESSAGE(process->wait_for(begins), process->log());
  process->send(SIGTERM);
  REQUIRE_MESSAGE(process->wait_for("stopping with a final checkpoint"), process->log());
  process->send(SIGINT);
  CHECK_MESSAGE(process->wait() == 128 + SIGINT, process->log());
  CHECK_MESSAGE(!has(process->log(), "job stopped"), process->log());
  finish_run(work);
  work.check_exact();
}

TEST_CASE("kill -9 at any moment of a stop loses nothing") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 120'000);
  std::size_t killed = 0;
  for (int i = 0; i < 10; ++i) {
    auto process = start_run(work, slowly);
    REQUIRE_MESSAGE(process->wait_for(begins), process->log());
    std::this_thread::sleep_for(milliseconds(random() % 50));
    process->send(SIGTERM);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 10'000));
    if (process->kill_9()) ++killed;
    REQUIRE(work.committed().size() < work.expected().size());
  }
  CHECK(killed > 0);
  finish_run(work);
  work.check_exact();
}
