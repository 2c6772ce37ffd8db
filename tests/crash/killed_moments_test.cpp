// SPDX-License-Identifier: Apache-2.0
// kill -9 at the moments that are easily forgotten: while the process starts, while it takes its last checkpoint, right
// after it was killed before; and a second process on the state directory of a living one. Each time a further run
// commits exactly what is missing.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include "tests/crash/workload.hpp"

using namespace weir::crash;

namespace {

std::chrono::microseconds random_us(std::mt19937_64& random, int most) {
  return std::chrono::microseconds(std::uniform_int_distribution<int>(0, most)(random));
}

/// A run with pauses that is killed when it has committed more than the runs before it.
void kill_when_halfway(const workload& work) {
  const auto before = work.committed().size();
  auto process = work.start({"pause_us=1000"});
  REQUIRE_MESSAGE(process->wait_until([&] { return work.committed().size() > before; }),
                  process->log());
  REQUIRE(process->kill_9());
  REQUIRE(work.is_halfway());
}

}  // namespace

TEST_CASE("a process that is killed while it starts loses and repeats nothing") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 60'000);
  constexpr int starts = 15;
  for (int i = 0; i < starts; ++i) {
    if (i == starts / 2) kill_when_halfway(work);
    auto process = work.start({"pause_us=1000"});
    std::this_thread::sleep_for(random_us(random, 60'000));
    REQUIRE_MESSAGE(process->kill_9(), process->log());
  }
  work.finish();
  work.check_exact();
}

TEST_CASE("a process that is killed during its last checkpoint loses and repeats nothing") {
  std::mt19937_64 random(test_seed());
  constexpr int hits_wanted = 5;
  constexpr int rounds_most = 60;
  int hits = 0;
  int rounds = 0;
  for (; rounds < rounds_most && hits < hits_wanted; ++rounds) {
    const workload work(random(), 3'000);
    auto process = work.start();
    REQUIRE_MESSAGE(process->wait_for("victim: input over"), process->log());
    std::this_thread::sleep_for(random_us(random, 2'000));
    const bool killed = process->kill_9();
    hits += killed && times(process->log(), "job finished") == 0;
    work.finish();
    work.check_exact();
  }
  MESSAGE(hits, " of ", rounds, " kills hit before the job had finished");
  CHECK(hits == hits_wanted);
}

TEST_CASE("a process that is killed again right after its restart loses and repeats nothing") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 60'000);
  for (int i = 0; i < 3; ++i) {
    kill_when_halfway(work);
    auto again = work.start({"pause_us=1000"});
    REQUIRE_MESSAGE(again->wait_for("resuming from the last checkpoint"), again->log());
    std::this_thread::sleep_for(random_us(random, 10'000));
    REQUIRE(again->kill_9());
  }
  work.finish();
  work.check_exact();
}

TEST_CASE("a second process on a state directory is refused until the first one is gone") {
  const workload work(test_seed(), 60'000);
  auto first = work.start({"pause_us=1000"});
  REQUIRE_MESSAGE(first->wait_until([&] { return work.is_halfway(); }), first->log());

  auto second = work.start({}, "log-of-the-second");

  CHECK(second->wait() == 3);
  CHECK_MESSAGE(second->log().find("victim: refused: in use") != std::string::npos, second->log());
  CHECK(second->log().find(work.at("state").string()) != std::string::npos);
  REQUIRE_MESSAGE(first->kill_9(), first->log());
  REQUIRE(work.is_halfway());
  work.finish();
  work.check_exact();
}

TEST_CASE("a job that has finished finishes again at once and commits nothing twice") {
  const workload work(test_seed(), 3'000);
  work.finish();
  work.check_exact();
  work.finish();
  work.check_exact();
}
