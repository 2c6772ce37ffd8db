// SPDX-License-Identifier: Apache-2.0
// Whole jobs that are asked for a checkpoint, or stopped with a final one: what comes out over all runs is what a run
// without stops gives, whatever fails meanwhile.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "tests/support/seed.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;

struct counted {
  std::uint64_t key = 0;
  std::int64_t count = 0;
  auto operator<=>(const counted&) const = default;
};
WEIR_RECORD(counted, key, count)

constexpr std::uint64_t keys = 100;

struct count_keys final : keyed_process<std::uint64_t, std::uint64_t, counted> {
  value_state<std::int64_t> seen{*this, "seen", 0};
  void process(const std::uint64_t& record, context&, collector<counted>& out) override {
    seen.update(seen.value() + 1);
    out.emit({record % keys, seen.value()});
  }
};

/// Counts that many numbers by key, and shows what it commits.
std::shared_ptr<collected<counted>> build(
    environment& env, std::uint64_t records, double rate,
    std::shared_ptr<collected<counted>> output = std::make_shared<collected<counted>>()) {
  env.from("numbers", generate([](std::uint64_t seq) { return seq; }).count(records).rate(rate))
      .key_by([](const std::uint64_t& n) { return n % keys; })
      .process<count_keys>("count")
      .to("out", collect_sink(output));
  return output;
}

void check_counts(std::vector<counted> all, std::uint64_t records) {
  CHECK(all.size() == records);
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const counted expected{i / (records / keys),
                           static_cast<std::int64_t>(i % (records / keys)) + 1};
    REQUIRE(all[i] == expected);
  }
}

TEST_CASE(
    "a checkpoint that is asked for is durable when it has come out, also with none by time") {
  scratch_directory scratch;
  auto env = test::make_environment(scratch.path() / "state", 2);
  env.set("execution.checkpointing.interval", "0");
  build(env, 1'000'000, 100'000);
  auto running = test::start(env);
  const auto taken = running.checkpoint().wait();
  REQUIRE_MESSAGE(taken, taken.error().text());
  CHECK(running.status().last_completed == *taken);
  running.cancel();
  CHECK(running.wait().state == job_state::cancelled);
  CHECK(!running.checkpoint().wait());  // it is over

  auto again = test::make_environment(scratch.path() / "state", 2);
  build(again, 1'000'000, 100'000);
  auto resumed = test::start(again);
  CHECK(resumed.status().restored_from == *taken);
}

TEST_CASE(
    "a job that is stopped at random moments, also while tasks die, loses and doubles nothing") {
  const auto seed = test::print_seed();
  std::mt19937_64 random(seed);
  constexpr std::uint64_t records = 300'000;
  scratch_directory scratch;
  const auto all =
      std::make_shared<collected<counted>>();  // of all runs: they repeat commits (P17)
  std::uint64_t stops = 0;
  std::uint64_t restarts = 0;
  for (bool finished = false; !finished;) {
    REQUIRE(stops < 1'000);
    const auto parallelism = static_cast<std::uint32_t>(1 + random() % 3);
    auto env = test::make_environment(scratch.path() / "state", parallelism);
    env.set("execution.checkpointing.interval", random() % 2 == 0 ? "5 ms" : "0")
        .set("restart-strategy.type", "fixed-delay")
        .set("restart-strategy.fixed-delay.attempts", "1000")
        .set("restart-strategy.fixed-delay.delay", "1 ms");
    build(env, records, 300'000, all);
    auto running = test::start(env);
    std::this_thread::sleep_for(
        std::chrono::milliseconds(random() % 30));  // the moment of the stop
    if (random() % 2 == 0) running.crash_task("count/0");
    const auto request = running.stop();
    if (random() % 2 == 0) running.crash_task(random() % 2 == 0 ? "count/0" : "numbers/0");
    const auto report = running.wait();
    REQUIRE_MESSAGE(report.state == job_state::finished, test::failure_of(report));
    const auto outcome = request.wait();
    restarts += report.restarts;
    finished = all->size() >= records;
    if (!finished) {
      ++stops;
      REQUIRE_MESSAGE(outcome, outcome.error().text());
      CHECK(*outcome == report.last_completed);
    }
  }
  check_counts(all->records(), records);
  CHECK(stops >= 3);
  CHECK(restarts > 0);
}

TEST_CASE("a job that cannot be stopped says why, and goes on to its end") {
  scratch_directory scratch;
  constexpr std::uint64_t records = 20'000;
  auto env = test::make_environment(scratch.path() / "state");
  env.set("execution.checkpointing.interval", "0")
      .set("execution.checkpointing.timeout", "1 s")
      .set("execution.checkpointing.tolerable-failed-checkpoints", "1")
      .set("weir.injection.enabled", "true")
      .set("weir.injection.plan", "slow task=count/0 phase=draining for=3s times=1");
  const auto output = build(env, records, 20'000);
  auto running = test::start(env);
  const auto outcome = running.stop().wait();
  REQUIRE(!outcome);
  CHECK_MESSAGE(test::contains(outcome.error().message, "2 checkpoints in a row failed"),
                outcome.error().message);
  CHECK_MESSAGE(test::contains(outcome.error().message, "count -> out/0 draining"),
                outcome.error().message);
  const auto report = running.wait();
  CHECK(report.state == job_state::finished);
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].hits == 1);
  check_counts(output->records(), records);
}

}  // namespace
