// SPDX-License-Identifier: Apache-2.0
// The schedule of the latency benchmark: what is due when, and what is sampled.
#include "bench/open_loop.hpp"

#include <doctest/doctest.h>

namespace {

using std::chrono::milliseconds;
using weir::bench::latency_samples;
using weir::bench::open_loop;

open_loop one_second() {
  open_loop schedule;
  schedule.rate = 1000;
  schedule.warm_up = milliseconds(200);
  schedule.measured = milliseconds(800);
  schedule.start = open_loop::clock::now() - std::chrono::seconds(10);
  return schedule;
}

TEST_CASE("records are due as time goes on, none before the start and no more than there are") {
  const open_loop schedule = one_second();

  CHECK(schedule.records() == 1000);
  CHECK(schedule.due(schedule.start - milliseconds(5)) == 0);
  CHECK(schedule.due(schedule.start) == 0);
  CHECK(schedule.due(schedule.start + milliseconds(500)) == 500);
  CHECK(schedule.due(schedule.start + milliseconds(5000)) == 1000);
}

TEST_CASE("every 61st record after the warm-up is sampled, from when it was due") {
  const open_loop schedule = one_second();
  latency_samples samples(schedule.sample_count());

  for (std::uint64_t seq = 0; seq < schedule.records(); ++seq) schedule.arrived(seq, samples);

  CHECK(samples.size() == 13);  // 244, 305, ... 976
  CHECK(samples.dropped() == 0);
  CHECK(samples.percentile(100) >= 9'000'000'000);  // due more than 9 s ago
}

TEST_CASE("a record that arrives before it is due has no latency") {
  open_loop schedule = one_second();
  schedule.start = open_loop::clock::now() + std::chrono::hours(1);
  latency_samples samples(1);

  schedule.arrived(610, samples);

  CHECK(samples.percentile(100) == 0);
}

}  // namespace
