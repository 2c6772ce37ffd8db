// SPDX-License-Identifier: Apache-2.0
// What a job waits for, in sentences; its summary; and STATS over a few values.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "rest/explain.hpp"
#include "rest/job_summary.hpp"
#include "rest/sample_stats.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir::rest {
namespace {

bool says(const job_observation& seen, const std::string& sentence) {
  const auto said = explain(seen);
  return std::find(said.begin(), said.end(), sentence) != said.end();
}

job_observation quiet() {
  auto seen = observed_word_count();
  seen.checkpoints.in_progress.reset();
  return seen;
}

}  // namespace

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

TEST_CASE("when nothing waits, it is said so") {
  CHECK(explain(quiet()) ==
        std::vector<std::string>{
            "Nothing waits: no task stands still, and no checkpoint is held up."});
}

TEST_CASE("the task for whose credit others wait is named as the bottleneck") {
  auto seen = quiet();
  for (const std::uint32_t task : {0U, 1U}) {
    seen.tasks[task].waits_for = task_wait::credit;
    seen.tasks[task].waits_since = seen.now - 1500;
    seen.tasks[task].waits_on = {task_id{3}};
  }
  seen.tasks[3].busy_ms_per_second = 997;
  seen.tasks[3].queued_batches = 16;
  CHECK(says(seen,
             "count -> out/1 is the bottleneck: 2 tasks wait for it; it is busy 100 % of the time, "
             "with 16 "
             "batches to process."));
  CHECK(says(seen, "lines -> split/0 has waited for 1.5 s for credit of count -> out/1."));
}

TEST_CASE("missing markers, empty sources and slow files are told with whom they concern") {
  auto seen = quiet();
  seen.tasks[2].waits_for = task_wait::marker;
  seen.tasks[2].waits_since = seen.now - 20;
  seen.tasks[2].waits_on = {task_id{0}, task_id{1}};
  seen.tasks[0].waits_for = task_wait::source;
  seen.tasks[0].waits_since = seen.now - 2000;
  seen.tasks[3].waits_for = task_wait::lane;
  CHECK(says(seen,
             "count -> out/0 aligns for 20 ms: the marker of lines -> split/0, lines -> split/1 "
             "has not come."));
  CHECK(says(seen, "lines -> split/0: its source has had nothing to read for 2 s."));
  CHECK(says(
      seen,
      "count -> out/1 has waited for a blocking call of its source or sink (file, disk or peer)."));
}

TEST_CASE("a checkpoint in progress names who has not acked; a restarting job says why") {
  auto seen = observed_word_count();
  CHECK(
      says(seen,
           "Checkpoint 10 is in progress for 50 s: 3 of 4 tasks have not acked: lines -> split/1, "
           "count -> out/0, count -> out/1."));
  seen.state = observed_job_state::restarting;
  seen.timestamps.emplace_back(observed_job_state::restarting, seen.now - 100);
  CHECK(says(seen,
             "The job is RESTARTING for 100 ms: count/1: exception in user code: "
             "std::runtime_error: boom."));
}

TEST_CASE("there are never more sentences than fit a screen") {
  auto seen = observed_word_count(100);
  for (auto& task : seen.tasks) task.waits_for = task_wait::source;
  const auto said = explain(seen);
  CHECK(said.size() == sentences_max);
  CHECK(said.back() == "And 182 more.");
}

TEST_CASE(
    "a summary counts what sources sent and sinks took, and what is left when every source knows") {
  auto seen = observed_word_count();
  auto of = job_summary::of(seen);
  CHECK(of.records_read == 1000 + 1001);
  CHECK(of.records_written == 102 + 103);
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
