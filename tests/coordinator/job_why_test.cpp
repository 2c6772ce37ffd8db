// SPDX-License-Identifier: Apache-2.0
// Specifies what a job is said to wait for, by observations that are made up. A real job: program/observe_test.cpp.
#include "coordinator/job_why.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/dataflow/graph_builder.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using lines = std::vector<std::string>;

/// lines/0 -> count/0 -> out/0, each a task of its own (0, 1, 2), all of them running.
struct job {
  job() {
    graph_builder made;
    const auto source = made.source("lines");
    const auto count = made.operation("count", source, partitioning::rebalance);
    made.sink("out", count, partitioning::rebalance);
    auto identity = std::make_shared<job_identity>();
    identity->physical = std::make_shared<const plan>(made.make());
    seen.identity = identity;
    seen.now = 100'000;
    seen.state = observed_job_state::running;
    for (std::uint32_t i = 0; i < 3; ++i) {
      seen.tasks.emplace_back();
      seen.tasks[i].task = {i};
      seen.tasks[i].state = observed_task_state::running;
      if (i < 2) seen.tasks[i].outputs.push_back({i, {i + 1}, 0, 0, 0, 0, 8});
    }
  }
  /// The task has waited for this for so long.
  task_reading& waits(std::uint32_t task, task_wait why, std::vector<task_id> on = {},
                      unix_ms ms = 3'000) {
    auto& one = seen.tasks[task];
    one.waits_for = why;
    one.waits_since = seen.now - ms;
    one.waits_on = std::move(on);
    if (why == task_wait::credit) one.outputs[0].in_flight = 8;
    return one;
  }
  lines why() const { return explain_waiting(seen); }

  job_observation seen;
};

TEST_CASE("the task at the end of all waits for credit is named, with those whom it holds up") {
  job one;
  one.waits(0, task_wait::credit, {{1}});
  one.waits(1, task_wait::credit, {{2}});
  one.seen.tasks[2].busy_ms_per_second = 987;
  one.seen.tasks[2].waits_since = one.seen.now;
  CHECK(one.why() == lines{"out/0 is slow: busy 99 % of the time; count/0 waits for its credit "
                           "(8 of 8 batches from count/0 are under way)"});
}

TEST_CASE("who is back-pressured for a part of the time counts, also when he works at the moment") {
  job one;
  one.seen.tasks[0].back_pressured_ms_per_second = 400;
  one.seen.tasks[0].outputs[0].in_flight = 3;
  one.seen.tasks[0].waits_since = one.seen.tasks[1].waits_since = one.seen.now - 20;
  one.seen.tasks[1].busy_ms_per_second = 500;
  const std::string behind =
      "; lines/0 waits for its credit (3 of 8 batches from lines/0 are under way)";
  CHECK(one.why() == lines{"count/0 is slow: busy 50 % of the time" + behind});

  // Little to do in all, but this batch takes long.
  one.seen.tasks[1].busy_ms_per_second = 14;
  one.waits(1, task_wait::none);
  CHECK(one.why() == lines{"count/0 is slow: busy 1 % of the time" + behind});
  one.waits(0, task_wait::none);
  CHECK(one.why() == lines{"it waits for nothing: records flow"});  // he works by now
}

TEST_CASE("who holds others up and could work more is not called slow") {
  job one;
  one.waits(0, task_wait::credit, {{1}});
  one.waits(1, task_wait::input);
  one.seen.tasks[1].busy_ms_per_second = 276;
  CHECK(one.why() ==
        lines{"count/0 is not slow, but seldom gets a thread: busy 28 % of the time; lines/0 waits "
              "for its credit (8 of 8 batches from lines/0 are under way)"});
}

TEST_CASE("of those who hold one up, the one with the most under way is named; of many, five") {
  job one;
  for (std::uint32_t i = 3; i < 10; ++i) {
    one.seen.tasks.push_back(one.seen.tasks[0]);
    one.seen.tasks[i].task = {i};
  }
  auto identity = *one.seen.identity;
  graph_builder made;
  const auto source = made.source("lines");
  made.sink("out", made.operation("count", source, partitioning::rebalance),
            partitioning::rebalance);
  plan_options options;
  options.default_parallelism = 4;
  identity.physical = std::make_shared<const plan>(made.make(options));
  one.seen.identity = std::make_shared<const job_identity>(identity);
  for (auto& task : one.seen.tasks) {
    task.waits_since = one.seen.now;
    task.outputs.clear();
  }
  // 0 to 3 are lines, 4 to 7 are count: 0, 1, 2, 3, 8 and 9 send to 5 for the test's sake.
  for (const std::uint32_t from : {0, 1, 2, 3, 8, 9}) {
    auto& task = one.seen.tasks[from];
    task.back_pressured_ms_per_second = 100;
    task.outputs = {{0, {4}, 0, 0, 0, 2, 8}, {0, {5}, 0, 0, 0, 6, 8}};
  }
  one.seen.tasks[5].busy_ms_per_second = 900;
  CHECK(
      one.why() ==
      lines{"count/1 is slow: busy 90 % of the time; lines/0, lines/1, lines/2, lines/3, out/0 and "
            "1 more wait for its credit (6 of 8 batches from lines/0 are under way)"});
}

TEST_CASE("a moment without credit is how a job works") {
  job one;
  one.waits(0, task_wait::credit, {{1}}, 20);
  CHECK(one.why() == lines{"it waits for nothing: records flow"});
}

TEST_CASE("a sink whose writes lag is named") {
  job one;
  one.waits(1, task_wait::credit, {{2}});
  one.waits(2, task_wait::lane);
  CHECK(
      one.why().front() ==
      "out/0 has been waiting for its sink's writes for 3 s; count/0 waits for its credit (8 of 8 "
      "batches from count/0 are under way)");
  one.waits(2, task_wait::lane, {}, 20).back_pressured_ms_per_second = 900;  // again and again
  CHECK(one.why().front().starts_with("out/0 has been waiting for its sink's writes for 20 ms; c"));
  one.waits(2, task_wait::lane);
  one.waits(1, task_wait::input);
  CHECK(one.why() == lines{"out/0 has been waiting for its sink's writes for 3 s"});
}

TEST_CASE("a marker that does not come is named with its sender, and what that waits for") {
  job one;
  one.waits(1, task_wait::marker, {{0}});
  one.waits(0, task_wait::source);
  const std::string aligns = "count/0 aligns, and waits for the marker of lines/0 for 3 s; ";
  CHECK(one.why() == lines{aligns + "the source of lines/0 has nothing to read"});
  one.waits(0, task_wait::none, {}, 2'000);
  CHECK(one.why() == lines{aligns + "lines/0 has been at work for 2 s"});
  one.waits(0, task_wait::credit, {{1}});
  CHECK(one.why() == lines{aligns + "lines/0 waits for credit of count/0; lines/0 waits for its "
                                    "credit (8 of 8 batches from lines/0 are under way)"});
  one.waits(0, task_wait::source);
  one.waits(1, task_wait::marker, {{0}}, 99);
  CHECK(one.why() == lines{"the source of lines/0 has had nothing to read for 3 s"});
  one.seen.tasks[1].state = observed_task_state::initializing;
  one.waits(1, task_wait::marker, {{0}});
  CHECK(one.why() == lines{"count/0 loads its state"});
}

TEST_CASE("a checkpoint that takes long is told, with those who have not stored their snapshot") {
  job one;
  one.seen.checkpoints.in_progress.emplace();
  auto& open = *one.seen.checkpoints.in_progress;
  open.epoch = {12};
  open.duration = 1500ms;
  for (std::uint32_t i = 0; i < 3; ++i) {
    open.tasks.emplace_back();
    open.tasks[i].task = {i};
  }
  open.tasks[1].acked = 99'000;
  const std::string under_way = "checkpoint 12 has been under way for 1.5 s: ";
  CHECK(one.why() == lines{under_way + "the snapshots of lines/0, out/0 are not stored yet"});
  open.tasks[0].acked = 99'400;
  CHECK(one.why() == lines{under_way + "the snapshot of out/0 is not stored yet"});
  open.tasks[2].acked = 99'500;
  CHECK(one.why() == lines{under_way + "its manifest is being written"});
  one.waits(0, task_wait::source);
  CHECK(one.why() == lines{under_way + "its manifest is being written"});
  open.duration = 99ms;
  CHECK(one.why() == lines{"the source of lines/0 has had nothing to read for 3 s"});
}

TEST_CASE("a source without data is named when nothing else holds the job up") {
  job one;
  one.waits(0, task_wait::source);
  one.waits(1, task_wait::input);
  one.waits(2, task_wait::input);
  CHECK(one.why() == lines{"the source of lines/0 has had nothing to read for 3 s"});
}

TEST_CASE("a source that is asked again and again, or has a rate, is named when it mostly waits") {
  job one;
  one.waits(0, task_wait::source, {}, 20).idle_ms_per_second = 970;
  CHECK(one.why() == lines{"the source of lines/0 has little to read: it waits 97 % of the time"});
  one.seen.tasks[0].idle_ms_per_second = 499;
  CHECK(one.why() == lines{"it waits for nothing: records flow"});
}

TEST_CASE("a restart's delay and a restore are told with their cause") {
  job one;
  one.seen.exceptions.emplace_back();
  one.seen.exceptions[0].why = {error_code::user_exception, "boom"};
  for (auto& task : one.seen.tasks) task.state = observed_task_state::created;
  one.seen.restarts_at = one.seen.now + 2'500;
  CHECK(one.why() ==
        lines{"the restart's delay: 3 tasks are restored in 2.5 s, after: exception in "
              "user code: boom"});
  one.seen.restarts_at = not_known;
  CHECK(one.why().front() ==
        "tasks to roll back, or a checkpoint that is being written: lines/0, "
        "count/0, out/0, after: exception in user code: boom");
  for (auto& task : one.seen.tasks) task.state = observed_task_state::initializing;
  CHECK(one.why() == lines{"lines/0, count/0, out/0 load their state"});
}

TEST_CASE("a job that has ended waits for nothing") {
  job one;
  one.seen.state = observed_job_state::failed;
  one.seen.failure = error{error_code::io, "no disk"};
  CHECK(one.why() == lines{"the job has failed: i/o error: no disk"});
}

}  // namespace
