// SPDX-License-Identifier: Apache-2.0
// The main crash test, with real processes: a word count over a file at parallelism 2 is crashed again and again, by
// operators that throw, actors that are ended, and kill -9, and what it commits is what a run without faults commits,
// line for line. With at-least-once the same kills show duplicates: the comparison can tell.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include "tests/crash/workload.hpp"

using namespace weir::crash;

namespace {

constexpr std::size_t process_kills_least = 12;
constexpr std::size_t process_kills_most = 30;
constexpr std::size_t crashes_least = 30;

struct crash_counts {
  std::size_t thrown = 0;
  std::size_t ended_actors = 0;
  std::size_t restarts = 0;  ///< of tasks, as weir's log tells them
  std::size_t processes = 0;

  /// Crashes that hit live work: each was followed by a restart, or was a kill -9 that found the process alive.
  std::size_t total() const { return restarts + processes; }
  bool enough() const { return processes >= process_kills_least && total() >= crashes_least; }
  void add(const std::string& log) {
    thrown += times(log, "victim: throws");
    ended_actors += times(log, "victim: ends the actor");
    restarts += times(log, "coordinator restarted");
  }
};

milliseconds random_ms(std::mt19937_64& random, int least, int most) {
  return milliseconds(std::uniform_int_distribution<int>(least, most)(random));
}

/// A run that is killed at a random moment; more faults happen inside.
void run_and_kill(const workload& work, std::mt19937_64& random, crash_counts& crashes) {
  auto process = work.start({"seed=" + std::to_string(random()), "pause_us=1000", "throws=1000000",
                             "throw_words=8000", "kills=1000000", "kill_ms=60"});
  REQUIRE_MESSAGE(process->wait_for("victim: runs"), process->log());
  std::this_thread::sleep_for(random_ms(random, 50, 300));  // the moment of the fault
  REQUIRE_MESSAGE(process->kill_9(), process->log());
  ++crashes.processes;
  crashes.add(process->log());
  REQUIRE(work.committed().size() < work.expected().size());
}

/// A skewed job: source task 0 is slow, so that each counter has one channel whose marker is late. Killed `kills` times
/// after a checkpoint, then run to its end.
void run_skewed(const workload& work, const std::string& mode, std::size_t kills,
                std::mt19937_64& random) {
  const std::string setting = "execution.checkpointing.mode=" + mode;
  for (std::size_t i = 0; i < kills; ++i) {
    const auto before = work.committed().size();
    auto process = work.start({setting, "pause_us=500", "slow_pause_us=3000"});
    REQUIRE_MESSAGE(process->wait_until([&] { return work.committed().size() > before; }),
                    process->log());
    std::this_thread::sleep_for(random_ms(random, 0, 40));  // the moment of the fault
    REQUIRE_MESSAGE(process->kill_9(), process->log());
    REQUIRE(work.committed().size() < work.expected().size());
  }
  auto last = work.start({setting});
  REQUIRE_MESSAGE(last->wait() == 0, last->log());
}

}  // namespace

TEST_CASE("a word count that is crashed at random commits what a run without faults commits") {
  std::mt19937_64 random(test_seed());
  const workload calm(random(), 120'000);
  calm.finish();
  calm.check_exact();

  const workload stormy(random(), 400'000);
  crash_counts crashes;
  while (!crashes.enough() && crashes.processes < process_kills_most) {
    run_and_kill(stormy, random, crashes);
  }
  auto last = stormy.start({"seed=" + std::to_string(random()), "throws=10", "throw_words=40000",
                            "kills=10", "kill_ms=20"});
  REQUIRE_MESSAGE(last->wait() == 0, last->log());
  crashes.add(last->log());

  MESSAGE(crashes.thrown, " throws, ", crashes.ended_actors, " ended actors, ", crashes.restarts,
          " restarts of tasks, ", crashes.processes, " kill -9");
  stormy.check_exact();
  CHECK(crashes.thrown >= 5);
  CHECK(crashes.ended_actors >= 5);
  CHECK(crashes.enough());
}

TEST_CASE("at-least-once shows duplicates after the same kills, and exactly-once none") {
  std::mt19937_64 random(test_seed());
  constexpr std::size_t kills = 5;
  constexpr int rounds_most = 4;

  const workload exact(random(), 100'000);
  run_skewed(exact, "EXACTLY_ONCE", kills, random);
  exact.check_exact();

  std::size_t duplicates = 0;
  for (int round = 0; round < rounds_most && duplicates == 0; ++round) {
    const workload loose(random(), 100'000);
    run_skewed(loose, "AT_LEAST_ONCE", kills, random);
    const auto lines = loose.committed();
    REQUIRE(lines.size() >= loose.expected().size());
    duplicates = lines.size() - loose.expected().size();
  }
  MESSAGE(duplicates, " duplicates with at-least-once");
  CHECK(duplicates > 0);
}
