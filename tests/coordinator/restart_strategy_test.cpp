// SPDX-License-Identifier: Apache-2.0
// Specifies each restart strategy by example, with times passed in, and the bounds of the backoff
// by property.
#include "coordinator/restart_strategy.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using weir::restart_kind;
using weir::restart_settings;
using weir::restart_strategy;

namespace {

const restart_strategy::time_point start{1h};
constexpr double no_jitter = 0.5;  // the middle of the range

/// The delay; -1 ns when the job is given up.
nanoseconds delay_of(const weir::restart_decision& decision) {
  const auto* after = std::get_if<weir::restart_after>(&decision);
  return after == nullptr ? -1ns : after->delay;
}

std::string reason_of(const weir::restart_decision& decision) {
  const auto* gave_up = std::get_if<weir::give_up>(&decision);
  return gave_up == nullptr ? "" : gave_up->reason;
}

}  // namespace

TEST_CASE("none gives up at the first failure, with its cause, and for good") {
  restart_strategy strategy({.kind = restart_kind::none});

  const auto first = strategy.on_failure(start, no_jitter, "count/1 threw: boom");
  CHECK(reason_of(first) ==
        "given up after 1 failure: restart strategy none, it allows no restart; first cause: "
        "count/1 threw: boom");
  CHECK(reason_of(strategy.on_failure(start + 1h, no_jitter, "other")) == reason_of(first));
  CHECK(strategy.failures() == 1);
}

TEST_CASE(
    "fixed-delay restarts so many times over the whole life of the job, then tells the story") {
  restart_strategy strategy(
      {.kind = restart_kind::fixed_delay, .fixed_delay = {.attempts = 2, .delay = 3s}});

  CHECK(delay_of(strategy.on_failure(start, no_jitter, "first")) == 3s);
  CHECK(delay_of(strategy.on_failure(start + 100h, no_jitter, "second")) == 3s);
  CHECK(reason_of(strategy.on_failure(start + 101h, no_jitter, "third")) ==
        "given up after 3 failures within 4 d 5 h: restart strategy fixed-delay, it allows 2 "
        "restarts; first cause: "
        "first; last cause: third");
}

TEST_CASE("failure-rate counts failures within its interval, and no others") {
  restart_strategy strategy(
      {.kind = restart_kind::failure_rate,
       .failure_rate = {.failures_per_interval = 2, .interval = 1min, .delay = 10ms}});

  CHECK(delay_of(strategy.on_failure(start, no_jitter, "a")) == 10ms);
  CHECK(delay_of(strategy.on_failure(start + 30s, no_jitter, "b")) == 10ms);
  CHECK(delay_of(strategy.on_failure(start + 60s, no_jitter, "c")) ==
        10ms);  // "a" is out of the interval
  const auto last = strategy.on_failure(start + 89s, no_jitter, "d");
  CHECK(delay_of(last) == -1ns);
  CHECK(reason_of(last).find("4 failures within 1 min 29 s") != std::string::npos);
  CHECK(reason_of(last).find("2 failures within 1 min;") != std::string::npos);
}

TEST_CASE("exponential-delay restarts at once, then after 1 s, 1.5 s, 2.25 s, up to the bound") {
  restart_strategy strategy(
      {.kind = restart_kind::exponential_delay, .exponential_delay = {.max_backoff = 3s}});
  auto now = start;
  const nanoseconds expected[] = {0s, 1s, 1500ms, 2250ms, 3s, 3s};

  for (const auto delay : expected) {
    CHECK(delay_of(strategy.on_failure(now, no_jitter, "x")) == delay);
    now += delay + 1s;
  }
}

TEST_CASE("exponential-delay starts anew after a quiet time, counted from the restart") {
  restart_strategy strategy(
      {.kind = restart_kind::exponential_delay,
       .exponential_delay = {.initial_backoff = 10s, .reset_threshold = 1min}});

  CHECK(delay_of(strategy.on_failure(start, no_jitter, "x")) == 0s);
  CHECK(delay_of(strategy.on_failure(start + 59s, no_jitter, "x")) == 10s);
  CHECK(delay_of(strategy.on_failure(start + 59s + 10s + 59s, no_jitter, "x")) ==
        15s);  // 69 s after the failure
  const auto quiet = start + 59s + 10s + 59s + 15s + 60s;
  CHECK(delay_of(strategy.on_failure(quiet, no_jitter, "x")) == 0s);
  CHECK(delay_of(strategy.on_failure(quiet + 1s, no_jitter, "x")) == 10s);
}

TEST_CASE("exponential-delay with a bound on attempts gives up when there was no quiet time") {
  restart_strategy strategy(
      {.kind = restart_kind::exponential_delay,
       .exponential_delay = {.reset_threshold = 1min, .attempts_before_reset = 2}});

  CHECK(delay_of(strategy.on_failure(start, no_jitter, "old")) == 0s);
  CHECK(delay_of(strategy.on_failure(start + 2min, no_jitter, "a")) == 0s);  // quiet: counted anew
  CHECK(delay_of(strategy.on_failure(start + 2min + 1s, no_jitter, "b")) == 1s);
  const auto last = strategy.on_failure(start + 2min + 3s, no_jitter, "c");
  CHECK(reason_of(last) ==
        "given up after 4 failures within 2 min 3 s: restart strategy exponential-delay, it allows "
        "2 restarts "
        "without 1 min of quiet between; first cause: old; last cause: c");
}

TEST_CASE("whatever the settings and the chance, a delay lies within its jitter and bound") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  MESSAGE("seed " << seed);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  for (int run = 0; run < 500; ++run) {
    weir::exponential_delay_settings settings;
    settings.max_backoff =
        nanoseconds(1 + static_cast<std::int64_t>(random() >> (2 + random() % 59)));
    settings.initial_backoff =
        nanoseconds(1 + static_cast<std::int64_t>(
                            random() % static_cast<std::uint64_t>(settings.max_backoff.count())));
    settings.multiplier = 1.0 + 10 * chance(random);
    settings.jitter = chance(random);
    restart_strategy strategy(
        {.kind = restart_kind::exponential_delay, .exponential_delay = settings});
    REQUIRE(delay_of(strategy.on_failure(start, chance(random), "x")) == 0s);
    nanoseconds least{0};
    for (int i = 0; i < 40; ++i) {
      const auto delay = delay_of(strategy.on_failure(start, chance(random), "x"));
      REQUIRE(delay >= 0ns);
      REQUIRE(delay <= settings.max_backoff);
      least = i == 0 ? settings.initial_backoff : least;
      const auto bottom = (1.0 - settings.jitter) * static_cast<double>(least.count());
      REQUIRE(static_cast<double>(delay.count()) >= bottom - 1 - bottom * 1e-9);
    }
  }
}

TEST_CASE("a random number outside [0, 1) is a broken invariant") {
  restart_strategy strategy(restart_settings{});
  CHECK_THROWS_AS(strategy.on_failure(start, 1.0, "x"), weir::invariant_broken);
  CHECK_THROWS_AS(strategy.on_failure(start, -0.1, "x"), weir::invariant_broken);
}
