// SPDX-License-Identifier: Apache-2.0
// A thousand and more crash schedules over five jobs: whatever fails whenever, what the job has committed is what a run
// without faults commits. docs/testing.md has the command for more of them.
#include <doctest/doctest.h>

#include <iostream>
#include <map>

#include "tests/simulation/simulated_jobs.hpp"

namespace weir::test {
namespace {

using weir::testing::fault;

constexpr std::uint64_t runs_each = 220;  // of five jobs: 1,100 schedules

/// How many alarms the union job gives: one in ten readings of a sensor.
std::uint64_t alarms() {
  std::map<std::uint32_t, std::uint64_t> readings;
  for (std::uint64_t seq = 0; seq < fast_readings; ++seq) ++readings[sensor_of(seq)];
  for (std::uint64_t seq = 0; seq < slow_readings; ++seq) ++readings[sensor_of(seq)];
  std::uint64_t sum = 0;
  for (const auto& [sensor, count] : readings) sum += count / 10;
  return sum;
}

/// `loses`: the job has files, of which the stops of the machine must have taken some away.
void check_schedules(const weir::testing::build_job& job, std::uint64_t records,
                     bool loses = false) {
  const auto outcome = weir::testing::simulate(job, {.runs = runs_each});
  CHECK_MESSAGE(outcome.passed(), outcome.story);
  CHECK(outcome.records == records);
  std::cout << outcome.runs << " runs, " << outcome.steps << " steps, " << outcome.checkpoints
            << " checkpoints, " << outcome.restarts << " restarts, " << outcome.restored
            << " processes resumed, " << outcome.lost << " unsynced things lost\n";
  if (outcome.runs < runs_each) return;  // a single seed again
  for (const auto what : {fault::task_throws, fault::task_killed, fault::process_crashes,
                          fault::machine_stops, fault::store_fails}) {
    CHECK_MESSAGE(outcome.hits.contains(what), weir::testing::to_string(what));
  }
  CHECK(outcome.restarts > runs_each / 4);
  CHECK(outcome.restored > runs_each / 20);
  CHECK((!loses || outcome.lost > runs_each / 10));
}

}  // namespace

TEST_CASE("word count: exactly once under every schedule") {
  check_schedules(word_count_job, 3 * word_count_lines);
}
TEST_CASE("keyed union with side outputs: exactly once under every schedule") {
  check_schedules(union_job, fast_readings + slow_readings + alarms());
}
TEST_CASE("a chain with list state: exactly once under every schedule") {
  check_schedules(list_job, list_items / 5, true);
}
TEST_CASE("lines of a peer through a journal: exactly once under every schedule") {
  check_schedules(journaled_job, 2 * journaled_lines, true);
}
TEST_CASE("many keys of which few change: exactly once under every schedule") {
  check_schedules(sparse_job, sparse_keys + sparse_hits);
}

/// P18: what is retained is enough to go back to. Output that only appears at the end is not shown twice.
TEST_CASE("a damaged checkpoint: the one before it has all that it needs") {
  const auto outcome = weir::testing::simulate(
      folded_job, {.runs = 60,
                   .faults = {fault::checkpoint_damaged, fault::checkpoint_damaged,
                              fault::process_crashes, fault::store_fails}});
  CHECK_MESSAGE(outcome.passed(), outcome.story);
  if (outcome.runs < 60) return;  // a single seed again
  CHECK(outcome.hits.contains(fault::checkpoint_damaged));
}

}  // namespace weir::test
