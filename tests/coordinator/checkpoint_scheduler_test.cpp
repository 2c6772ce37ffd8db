// SPDX-License-Identifier: Apache-2.0
// Specifies when checkpoints are triggered, expired and counted, with times passed in; and by
// random histories that one at a time is in progress, that interval and pause are kept, and that
// the job fails at the right failure.
#include "coordinator/checkpoint_scheduler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

using namespace std::chrono_literals;
using weir::checkpoint_kind;
using weir::checkpoint_scheduler;
using weir::checkpoint_settings;
using weir::epoch_id;

namespace {

using time_point = checkpoint_scheduler::time_point;
const time_point start{1h};

bool starts(const checkpoint_scheduler& scheduler, time_point now,
            checkpoint_kind kind = checkpoint_kind::periodic) {
  const auto step = scheduler.next(now);
  const auto* found = std::get_if<weir::start_checkpoint>(&step);
  return found != nullptr && found->kind == kind;
}

/// Waits until exactly `time`; a time before `start` stands for "until something happens".
bool waits(const checkpoint_scheduler& scheduler, time_point now, time_point time = {}) {
  const auto step = scheduler.next(now);
  const auto* found = std::get_if<weir::wait_until>(&step);
  if (found == nullptr) return false;
  return time < start ? !found->time.has_value() : found->time == time;
}

bool expires(const checkpoint_scheduler& scheduler, time_point now, epoch_id epoch) {
  const auto step = scheduler.next(now);
  const auto* found = std::get_if<weir::expire_checkpoint>(&step);
  return found != nullptr && found->epoch == epoch;
}

checkpoint_scheduler resumed(const checkpoint_settings& settings) {
  checkpoint_scheduler scheduler(settings);
  scheduler.on_resumed(start);
  return scheduler;
}

}  // namespace

TEST_CASE("a checkpoint that is hastened is due at once, behind one in progress and the pause") {
  checkpoint_settings settings;
  settings.interval = 1min;
  settings.min_pause = 2s;
  auto scheduler = resumed(settings);
  CHECK(waits(scheduler, start, start + 1min));
  scheduler.hasten(start + 1s);
  REQUIRE(starts(scheduler, start + 1s));
  scheduler.on_started({1}, start + 1s);
  scheduler.hasten(start + 2s);
  CHECK(!starts(scheduler, start + 2s));
  scheduler.on_sealed({1});
  scheduler.on_completed({1}, start + 3s);
  CHECK(waits(scheduler, start + 3s, start + 5s));
  CHECK(starts(scheduler, start + 5s));

  settings.interval = {};
  auto off = resumed(settings);
  off.hasten(start + 1s);
  CHECK(waits(off, start + 1s));
}

TEST_CASE(
    "nothing is triggered before the tasks run, and the first checkpoint is due an interval after "
    "(P13)") {
  checkpoint_scheduler scheduler(checkpoint_settings{});
  CHECK(waits(scheduler, start + 1h));

  scheduler.on_resumed(start);

  CHECK(waits(scheduler, start, start + 1s));
  CHECK(waits(scheduler, start + 999ms, start + 1s));
  CHECK(starts(scheduler, start + 1s));
}

TEST_CASE(
    "one at a time: the next is due an interval after the last start, and not before its end and "
    "the pause") {
  auto scheduler = resumed({.interval = 1s, .min_pause = 300ms});
  scheduler.on_started(epoch_id{1}, start + 1s);
  CHECK(scheduler.in_progress() == epoch_id{1});
  CHECK(waits(scheduler, start + 5s, start + 1s + 10min));

  scheduler.on_completed(epoch_id{1}, start + 1200ms);
  CHECK_FALSE(scheduler.in_progress());
  CHECK(waits(scheduler, start + 1200ms, start + 2s));

  scheduler.on_started(epoch_id{2}, start + 2s);
  scheduler.on_completed(epoch_id{2}, start + 4s);
  CHECK(waits(scheduler, start + 4s, start + 4300ms));
  CHECK(starts(scheduler, start + 4300ms));
}

TEST_CASE(
    "a checkpoint that takes too long is expired, but not once its manifest is being written") {
  auto scheduler = resumed({.interval = 1s, .timeout = 5s});
  scheduler.on_started(epoch_id{1}, start + 1s);
  CHECK(waits(scheduler, start + 5999ms, start + 6s));
  CHECK(expires(scheduler, start + 6s, epoch_id{1}));
  CHECK(expires(scheduler, start + 7s, epoch_id{1}));

  CHECK_FALSE(scheduler.on_failed(epoch_id{1}, start + 7s, "timed out"));
  CHECK(starts(scheduler, start + 7s));

  scheduler.on_started(epoch_id{2}, start + 7s);
  scheduler.on_sealed(epoch_id{2});
  CHECK(waits(scheduler, start + 1h));
  scheduler.on_completed(epoch_id{2}, start + 1h);
}

TEST_CASE("failures in a row beyond the tolerable ones fail the job, with the whole story") {
  auto scheduler = resumed({.interval = 1s, .tolerable_failures = 2});
  auto now = start;
  const auto fail = [&](std::uint64_t epoch) {
    now += 1s;
    scheduler.on_started(epoch_id{epoch}, now);
    return scheduler.on_failed(epoch_id{epoch}, now,
                               "checkpoint " + std::to_string(epoch) + " failed: x");
  };
  const auto complete = [&](std::uint64_t epoch) {
    now += 1s;
    scheduler.on_started(epoch_id{epoch}, now);
    scheduler.on_completed(epoch_id{epoch}, now);
  };

  CHECK_FALSE(fail(1));
  CHECK_FALSE(fail(2));
  CHECK(scheduler.failures_in_a_row() == 2);
  complete(3);
  CHECK(scheduler.failures_in_a_row() == 0);
  CHECK_FALSE(fail(4));
  CHECK_FALSE(fail(5));
  const auto verdict = fail(6);

  REQUIRE(verdict);
  CHECK(verdict->story ==
        "3 checkpoints in a row failed within 2 s, 2 are tolerable; first: checkpoint 4 failed: x; "
        "then: checkpoint 5 "
        "failed: x; checkpoint 6 failed: x");
  CHECK(scheduler.failures_in_a_row() == 0);
}

TEST_CASE("with no tolerable failure the first one fails the job; a long row is told in part") {
  auto strict = resumed({.interval = 1s, .tolerable_failures = 0});
  strict.on_started(epoch_id{1}, start + 1s);
  const auto at_once = strict.on_failed(epoch_id{1}, start + 1s, "disk full");
  REQUIRE(at_once);
  CHECK(at_once->story == "a checkpoint failed, and none may: disk full");

  auto patient = resumed({.interval = 1s, .tolerable_failures = 9});
  std::optional<weir::too_many_failures> verdict;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    REQUIRE_FALSE(verdict);
    patient.on_started(epoch_id{i}, start + i * 1s);
    verdict = patient.on_failed(epoch_id{i}, start + i * 1s, "reason " + std::to_string(i));
  }
  REQUIRE(verdict);
  CHECK(verdict->story ==
        "10 checkpoints in a row failed within 9 s, 9 are tolerable; first: reason 1; then 4 "
        "others, and: reason 6; "
        "reason 7; reason 8; reason 9; reason 10");
}

TEST_CASE(
    "a rollback forgets the checkpoint in progress and requests, and does not count as a failure") {
  auto scheduler = resumed({.interval = 1s, .tolerable_failures = 0});
  scheduler.request(checkpoint_kind::final);
  scheduler.on_started(epoch_id{1}, start + 1s);

  scheduler.on_stopped();

  CHECK_FALSE(scheduler.in_progress());
  CHECK(scheduler.failures_in_a_row() == 0);
  CHECK(waits(scheduler, start + 1h));
  scheduler.on_resumed(start + 1h);
  CHECK(waits(scheduler, start + 1h, start + 1h + 1s));
}

TEST_CASE("an abort ends the checkpoint and is not counted") {
  auto scheduler = resumed({.interval = 1s, .tolerable_failures = 0});
  scheduler.on_started(epoch_id{1}, start + 1s);
  scheduler.on_aborted(epoch_id{1}, start + 1500ms);
  CHECK(scheduler.failures_in_a_row() == 0);
  CHECK(waits(scheduler, start + 1500ms, start + 2s));
}

TEST_CASE(
    "the final checkpoint is taken with checkpointing off, at once, and repeated until one "
    "succeeds (P16)") {
  auto scheduler = resumed({.interval = 0s, .min_pause = 1h, .tolerable_failures = 3});
  CHECK(waits(scheduler, start + 24h));

  scheduler.request(checkpoint_kind::final);
  CHECK(starts(scheduler, start + 1s, checkpoint_kind::final));
  scheduler.on_started(epoch_id{1}, start + 1s);
  CHECK_FALSE(scheduler.on_failed(epoch_id{1}, start + 2s, "declined"));

  CHECK(waits(scheduler, start + 2s, start + 2100ms));
  CHECK(starts(scheduler, start + 2100ms, checkpoint_kind::final));
  scheduler.on_started(epoch_id{2}, start + 2100ms);
  scheduler.on_completed(epoch_id{2}, start + 3s);
  CHECK(waits(scheduler, start + 24h));
}

TEST_CASE("only a checkpoint begun after the request serves as the final one (P16)") {
  auto scheduler = resumed({.interval = 1s});
  scheduler.on_started(epoch_id{1}, start + 1s);
  scheduler.request(checkpoint_kind::final);
  CHECK(waits(scheduler, start + 1s, start + 1s + 10min));

  scheduler.on_completed(epoch_id{1}, start + 1100ms);

  CHECK(starts(scheduler, start + 1100ms, checkpoint_kind::final));
  scheduler.on_started(epoch_id{2}, start + 1100ms);
  scheduler.on_completed(epoch_id{2}, start + 1200ms);
  CHECK(waits(scheduler, start + 1200ms, start + 2100ms));
}

TEST_CASE(
    "a savepoint is taken at once and tried once; begun after a request it also serves as the "
    "final one") {
  auto scheduler = resumed({.interval = 1h, .min_pause = 1h});
  scheduler.request(checkpoint_kind::savepoint);
  CHECK(starts(scheduler, start, checkpoint_kind::savepoint));
  scheduler.on_started(epoch_id{1}, start);
  CHECK_FALSE(scheduler.on_failed(epoch_id{1}, start + 1s, "x"));
  CHECK(waits(scheduler, start + 1s, start + 1h + 1s));

  scheduler.request(checkpoint_kind::final);
  scheduler.request(checkpoint_kind::savepoint);
  CHECK(starts(scheduler, start + 1s, checkpoint_kind::savepoint));
  scheduler.on_started(epoch_id{2}, start + 1s);
  scheduler.on_completed(epoch_id{2}, start + 2s);
  CHECK(waits(scheduler, start + 2s, start + 1h + 2s));
}

TEST_CASE("calls out of order are broken invariants") {
  auto scheduler = resumed({.interval = 1s});
  CHECK_THROWS_AS(scheduler.on_started(epoch_id{1}, start), weir::invariant_broken);  // not due
  CHECK_THROWS_AS(scheduler.on_completed(epoch_id{1}, start), weir::invariant_broken);
  CHECK_THROWS_AS(scheduler.request(checkpoint_kind::periodic), weir::invariant_broken);
  scheduler.on_started(epoch_id{1}, start + 1s);
  CHECK_THROWS_AS(scheduler.on_started(epoch_id{2}, start + 9s), weir::invariant_broken);
  CHECK_THROWS_AS(scheduler.on_completed(epoch_id{2}, start + 9s), weir::invariant_broken);
  CHECK_THROWS_AS(static_cast<void>(scheduler.on_failed(epoch_id{2}, start + 9s, "x")),
                  weir::invariant_broken);
  CHECK_THROWS_AS(scheduler.on_resumed(start + 9s), weir::invariant_broken);
}

TEST_CASE(
    "over random histories interval and pause are kept, and the verdict comes at the right "
    "failure") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  MESSAGE("seed " << seed);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto up_to = [&random](std::uint64_t ms) {
    return std::chrono::milliseconds(random() % (ms + 1));
  };
  for (int run = 0; run < 200; ++run) {
    const checkpoint_settings settings{
        .interval = 1ms + up_to(100),
        .timeout = 50ms + up_to(200),
        .min_pause = up_to(50),
        .tolerable_failures = static_cast<std::uint32_t>(random() % 4)};
    auto scheduler = resumed(settings);
    auto now = start;
    auto last_start = start;
    auto last_end = start - 1h;
    std::uint32_t failures = 0;
    for (std::uint64_t epoch = 1; epoch < 50; ++epoch) {
      const auto due =
          std::max({now, last_start + settings.interval, last_end + settings.min_pause});
      while (!starts(scheduler, now)) now += 1ms;
      REQUIRE(now == due);
      scheduler.on_started(epoch_id{epoch}, now);
      last_start = now;
      now += up_to(300);
      REQUIRE(expires(scheduler, now, epoch_id{epoch}) == (now - last_start >= settings.timeout));
      last_end = now;
      if (random() % 2 == 0) {
        scheduler.on_completed(epoch_id{epoch}, now);
        failures = 0;
      } else {
        const auto verdict = scheduler.on_failed(epoch_id{epoch}, now, "x");
        REQUIRE(verdict.has_value() == (++failures > settings.tolerable_failures));
        if (verdict) failures = 0;
      }
      now += up_to(5);
    }
  }
}
