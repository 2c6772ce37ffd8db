// SPDX-License-Identifier: Apache-2.0
// A job in a few numbers, and STATS over a few values.
#include <doctest/doctest.h>

#include <string>

#include "rest/job_summary.hpp"
#include "rest/sample_stats.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir::rest {
TEST_CASE("stats of no value, of one, and of many") {
  CHECK(sample_stats::of({}).max == 0);
  CHECK(sample_stats::of({7}).p999 == 7);
  std::vector<std::int64_t> values;
  for (std::int64_t i = 1000; i > 0; --i) values.push_back(i);
  const auto of = sample_stats::of(values);
  CHECK(of.min == 1);
  CHECK(of.max == 1000);
  CHECK(of.avg == 501);
  CHECK(of.p50 == 500);
  CHECK(of.p90 == 900);
  CHECK(of.p999 == 999);
}

TEST_CASE(
    "a summary counts what sources read and sinks took, and what is left when every source knows") {
  auto seen = observed_word_count();
  seen.tasks[1].records_read_before = 50'000;
  seen.tasks[3].records_written_before = 60'000;
  auto of = job_summary::of(seen);
  CHECK(of.records_read == 2000 + 2001 + 50'000);
  CHECK(of.records_written == 302 + 303 + 60'000);
  CHECK(of.read_per_second == 2 * 200.5);
  CHECK(of.written_per_second == 2 * 30.5);
  CHECK(!of.left_to_read);  // lines/1 does not know
  CHECK(!of.time_left);
  CHECK(of.checkpoint_age.count() == noon + 60'000 - (noon + 9050));

  seen.tasks[1].left_to_read = 250;
  seen.tasks[1].all_to_read = 1000;
  of = job_summary::of(seen);
  CHECK(of.left_to_read == 500);
  CHECK(of.all_to_read == 2000);
  CHECK(of.time_left == std::chrono::seconds(20));  // three quarters in a minute
}

}  // namespace weir::rest
