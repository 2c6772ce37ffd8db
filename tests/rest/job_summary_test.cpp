// SPDX-License-Identifier: Apache-2.0
// A job in a few numbers, and STATS over a few values.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "rest/document.hpp"
#include "rest/job_summary.hpp"
#include "rest/observed_names.hpp"
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
  CHECK(of.p95 == 950);
  CHECK(of.p99 == 990);
  CHECK(of.p999 == 999);
  CHECK(sample_stats::of({1, 2, 4}).p50 == 2);
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

TEST_CASE(
    "there is no time left to tell before something is read, and none runs on after the end") {
  auto seen = observed_word_count();
  for (auto* task : {&seen.tasks[0], &seen.tasks[1]}) {
    task->left_to_read = task->all_to_read = 1000;
  }
  CHECK(!job_summary::of(seen).time_left);
  seen.ended = noon + 20'000;
  CHECK(job_summary::of(seen).ran == std::chrono::seconds(20));
  seen.started = not_known;
  CHECK(job_summary::of(seen).ran.count() == 0);
}

TEST_CASE("a chain that holds source and sink has written what it has read") {
  graph_builder made;
  made.sink("out", made.source("lines"));
  auto seen = observed_word_count();
  auto identity = *seen.identity;
  identity.physical = std::make_shared<const plan>(made.make());
  seen.identity = std::make_shared<const job_identity>(std::move(identity));
  seen.tasks.resize(1);
  seen.tasks[0].records_out = 0;
  seen.tasks[0].records_out_per_second = 0;
  const auto of = job_summary::of(seen);
  CHECK(of.records_read == 2000);
  CHECK(of.records_written == 300);
  CHECK(of.read_per_second == 200.5);
}

TEST_CASE("what status prints") {
  auto seen = observed_word_count();
  seen.tasks[2].busy_ms_per_second = 310;
  seen.tasks[2].idle_ms_per_second = 410;
  seen.tasks[3].back_pressured_ms_per_second = 110;
  seen.tasks[3].records_in_per_second = 20;
  auto found = nlohmann::json::parse(to_text(summary_document(seen)));
  CHECK(found["vertices"][1] == nlohmann::json::parse(R"({
    "id": ")" + vertex_id(*seen.identity->physical, 1) +
                                                      R"(",
    "name": "count -> out", "parallelism": 2, "status": "RUNNING", "records-in": 4210, "records-out": 2610,
    "records-in-per-second": 431.5, "records-out-per-second": 262.0, "busy": 0.31, "idle": 0.5,
    "backpressured": 0.2, "queued-batches": 4})"));
  found.erase("vertices");
  found.erase("why");
  CHECK(found == nlohmann::json::parse(R"({
    "jid": "00112233445566778899aabbccddeeff", "name": "word-count", "state": "RUNNING", "now": 1700000060000,
    "duration": 60000, "restarts": 1, "last-restart": 14, "records-read": 4001, "records-written": 605,
    "records-read-per-second": 401.0, "records-written-per-second": 61.0, "left-to-read": null,
    "all-to-read": null, "time-left": null, "resident-memory": 67108864,
    "state-directory": "weir-state/word-count", "checkpoints": {"completed": 2, "failed": 1,
    "last": {"id": 9, "age": 50950, "duration": 50, "state_size": 9000}}})"));
  seen.checkpoints.latest_completed.reset();
  CHECK(summary_document(seen)["checkpoints"]["last"].is_null());
}

TEST_CASE("what the job waits for is told in at most 20 sentences") {
  auto seen = observed_word_count(100);
  for (std::uint32_t i = 0; i < 100; ++i) seen.tasks[i].back_pressured_ms_per_second = 0;
  for (std::uint32_t i = 100; i < 200; ++i) seen.tasks[i].waits_for = task_wait::lane;
  CHECK(summary_document(seen)["why"].size() == 20);
}

}  // namespace weir::rest
