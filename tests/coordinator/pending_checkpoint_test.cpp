// SPDX-License-Identifier: Apache-2.0
// Specifies the life of a pending checkpoint: each outcome of a report, each way to fail, and what
// it completes to; and by random orders of reports that it completes exactly when every task has
// acked once.
#include "coordinator/pending_checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/support/snapshots.hpp"

using namespace std::chrono_literals;
using weir::ack_outcome;
using weir::attempt_id;
using weir::checkpoint_failure_cause;
using weir::epoch_id;
using weir::fence_id;
using weir::pending_checkpoint;
using weir::region_id;
using weir::snapshot_phase;
using weir::task_id;

namespace {

const pending_checkpoint::time_point start{1h};

/// Tasks 10, 11 are lines/0, lines/1 in region 0 (attempt 4), 12 is print/0 in region 1 (attempt
/// 6).
weir::pending_options three_tasks() {
  return {.epoch = epoch_id{7},
          .fence = fence_id{2},
          .attempts = {attempt_id{4}, attempt_id{6}},
          .tasks = {{task_id{10}, region_id{0}, "lines", 0, 2},
                    {task_id{11}, region_id{0}, "lines", 1, 2},
                    {task_id{12}, region_id{1}, "print", 0, 1}},
          .started = start};
}

weir::report_header from(std::uint32_t task) {
  return {task_id{task}, epoch_id{7}, attempt_id{task == 12 ? 6u : 4u}, fence_id{2}};
}

/// A sound ack with one full state of one chunk of 100 bytes.
weir::task_ack ack_of(std::uint32_t task) {
  weir::task_ack ack;
  ack.from = from(task);
  ack.declared = {{"op", "state", {{weir::chunk_kind::entries, {}, 5, 100, 0xabc}}}};
  const auto state =
      weir::testing::make_state("state", {{weir::chunk_kind::entries, task, {}, 5, 100, 0xabc}});
  ack.stored =
      weir::testing::make_task(task == 12 ? "print" : "lines", task == 11 ? 1 : 0,
                               task == 12 ? 1 : 2, {weir::testing::make_operator("op", {state})});
  return ack;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("it is complete when every task has acked, and its manifest holds what they stored") {
  pending_checkpoint pending(three_tasks());

  CHECK(pending.on_ack(ack_of(11)) == ack_outcome::accepted);
  CHECK(pending.on_ack(ack_of(12)) == ack_outcome::accepted);
  CHECK_FALSE(pending.all_acked());
  CHECK(pending.on_ack(ack_of(10)) == ack_outcome::complete);
  CHECK(pending.all_acked());

  weir::manifest head;
  head.job = "wc";
  head.graph_fingerprint = 99;
  const auto done = pending.complete(head, nullptr, start + 2s);
  REQUIRE(done);
  CHECK(done->duration == 2s);
  CHECK(done->new_chunks == 3);
  CHECK(done->new_bytes == 300);
  CHECK(done->content.epoch == epoch_id{7});
  CHECK(done->content.fence == fence_id{2});
  CHECK(done->content.attempt == attempt_id{6});
  CHECK(done->content.kind == weir::checkpoint_kind::periodic);
  CHECK(done->content.job == "wc");
  CHECK(done->content.graph_fingerprint == 99);
  CHECK_FALSE(done->content.finished);
  REQUIRE(done->content.tasks.size() == 3);
  CHECK(done->content.tasks[1].task == "lines");
  CHECK(done->content.tasks[1].subtask == 1);
  CHECK(done->content.tasks[2].operators[0].states[0].chunks[0].blob == 12);
  CHECK(done->content.tasks[2].operators[0].states[0].base == epoch_id{7});
}

TEST_CASE("the manifest says that the job had ended when every task had finished (P16)") {
  pending_checkpoint pending(three_tasks());
  for (const std::uint32_t task : {10u, 11u, 12u}) {
    auto ack = ack_of(task);
    ack.stored.finished = true;
    pending.on_ack(ack);
  }
  CHECK(pending.complete({}, nullptr, start)->content.finished);
}

TEST_CASE(
    "a report of another fence, epoch, task or attempt is named and changes nothing (P4, P7)") {
  pending_checkpoint pending(three_tasks());
  const auto with = [](auto change) {
    auto ack = ack_of(10);
    change(ack.from);
    return ack;
  };

  const std::pair<weir::task_ack, ack_outcome> examples[] = {
      {with([](auto& h) { h.fence = fence_id{1}; }), ack_outcome::foreign_fence},
      {with([](auto& h) { h.fence = fence_id{3}; }), ack_outcome::foreign_fence},
      {with([](auto& h) { h.epoch = epoch_id{6}; }), ack_outcome::wrong_epoch},
      {with([](auto& h) { h.epoch = epoch_id{8}; }), ack_outcome::wrong_epoch},
      {with([](auto& h) { h.task = task_id{13}; }), ack_outcome::unknown_task},
      {with([](auto& h) { h.attempt = attempt_id{3}; }), ack_outcome::late_attempt},
  };
  for (const auto& [ack, outcome] : examples) {
    CAPTURE(weir::to_string(outcome));
    CHECK(pending.on_ack(ack) == outcome);
    CHECK(pending.on_decline({ack.from, "no"}) == outcome);
    CHECK(pending.on_progress({ack.from, snapshot_phase::draining, 1, 2}, start) == outcome);
    CHECK(pending.acked_count() == 0);
    CHECK_FALSE(pending.failure());
  }
  CHECK_THROWS_AS(pending.on_ack(with([](auto& h) { h.attempt = attempt_id{5}; })),
                  weir::invariant_broken);
  CHECK(has(pending.status(start), "lines/0 waiting"));
}

TEST_CASE("a second report of a task that has acked is a duplicate, also after the last one") {
  pending_checkpoint pending(three_tasks());
  CHECK(pending.on_ack(ack_of(10)) == ack_outcome::accepted);

  CHECK(pending.on_ack(ack_of(10)) == ack_outcome::duplicate);
  CHECK(pending.on_decline({from(10), "late"}) == ack_outcome::duplicate);
  CHECK(pending.acked_count() == 1);
  CHECK_FALSE(pending.failure());

  pending.on_ack(ack_of(11));
  CHECK(pending.on_ack(ack_of(12)) == ack_outcome::complete);
  CHECK(pending.on_ack(ack_of(12)) == ack_outcome::duplicate);
}

TEST_CASE(
    "an ack whose declared and stored chunks differ fails the checkpoint with the numbers (P12)") {
  pending_checkpoint pending(three_tasks());
  auto ack = ack_of(11);
  ack.declared[0].chunks.push_back(ack.declared[0].chunks[0]);

  CHECK(pending.on_ack(ack) == ack_outcome::mismatch);

  REQUIRE(pending.failure());
  CHECK(pending.failure()->cause == checkpoint_failure_cause::mismatch);
  CHECK(pending.failure()->epoch == epoch_id{7});
  CHECK(pending.failure()->reason ==
        "checkpoint 7 failed: the snapshot of lines/1 does not add up: state op.state: the task "
        "declares 2 chunks, the "
        "store holds 1");
  CHECK(pending.on_ack(ack_of(11)) == ack_outcome::closed);
  CHECK(pending.on_ack(ack_of(10)) == ack_outcome::closed);
  CHECK_FALSE(pending.all_acked());
  CHECK_THROWS_AS(static_cast<void>(pending.complete({}, nullptr, start)), weir::invariant_broken);
}

TEST_CASE("an ack that carries the snapshot of another task is a mismatch") {
  pending_checkpoint pending(three_tasks());
  auto ack = ack_of(11);
  ack.stored.subtask = 0;

  CHECK(pending.on_ack(ack) == ack_outcome::mismatch);
  CHECK(has(pending.failure()->reason, "it is of lines/0 of 2, expected lines/1 of 2"));
}

TEST_CASE(
    "a decline fails the checkpoint, naming task and reason (P8); the first failure is kept") {
  pending_checkpoint pending(three_tasks());

  CHECK(pending.on_decline({from(11), "draining checkpoint 6"}) == ack_outcome::declined);
  CHECK(pending.failure()->cause == checkpoint_failure_cause::declined);
  CHECK(pending.failure()->reason ==
        "checkpoint 7 failed: lines/1 declined: draining checkpoint 6");
  CHECK(pending.on_decline({from(10), "also"}) == ack_outcome::closed);
  CHECK(pending.on_timeout(start + 1min).cause == checkpoint_failure_cause::declined);
  CHECK(pending.abort("rollback").reason == pending.failure()->reason);
}

TEST_CASE("a timeout names the missing tasks, their phases, since when, and the numbers") {
  pending_checkpoint pending(three_tasks());
  pending.on_ack(ack_of(12));
  CHECK(pending.on_progress({from(10), snapshot_phase::aligning, 1, 2}, start + 1s) ==
        ack_outcome::accepted);
  pending.on_progress({from(11), snapshot_phase::draining, 3, 40}, start + 2s);
  pending.on_progress({from(11), snapshot_phase::draining, 17, 40}, start + 5s);
  pending.on_progress({from(11), snapshot_phase::aligning, 0, 2},
                      start + 6s);  // overtaken: ignored

  const auto failure = pending.on_timeout(start + 10s);

  CHECK(failure.cause == checkpoint_failure_cause::timeout);
  CHECK(failure.reason ==
        "checkpoint 7 timed out after 10 s: 1 of 3 tasks have acked; missing: lines/0 aligning 1 "
        "of 2 channels for "
        "9 s, lines/1 draining 17 of 40 chunks for 8 s");
  CHECK(pending.on_progress({from(10), snapshot_phase::writing, 1, 0}, start + 11s) ==
        ack_outcome::closed);
}

TEST_CASE("a timeout says what a missing task waits for, and since when it is in its phase") {
  pending_checkpoint pending(three_tasks());
  pending.on_ack(ack_of(12));
  weir::task_progress late{from(10), snapshot_phase::waiting};
  late.waits_for = "waits for credit of out/0";
  pending.on_progress(late, start + 10s);
  weir::task_progress behind{from(11), snapshot_phase::aligning, 1, 2};
  behind.waits_for = "waits for the marker of lines/0";
  behind.since = start + 3s;
  pending.on_progress(behind, start + 10s);

  CHECK(pending.on_timeout(start + 10s).reason ==
        "checkpoint 7 timed out after 10 s: 1 of 3 tasks have acked; missing: lines/0 waiting for "
        "a marker for 10 s (waits for credit of out/0), lines/1 aligning 1 of 2 channels for 7 s "
        "(waits for the marker of lines/0)");
}

TEST_CASE("status names the waiting and the writing, with unknown totals, and at most ten tasks") {
  auto options = three_tasks();
  options.tasks.clear();
  for (std::uint32_t i = 0; i < 25; ++i)
    options.tasks.push_back({task_id{i}, region_id{0}, "count", i, 25});
  pending_checkpoint pending(options);
  pending.on_progress(
      {{task_id{1}, epoch_id{7}, attempt_id{4}, fence_id{2}}, snapshot_phase::writing, 3, 0},
      start);
  pending.on_progress(
      {{task_id{2}, epoch_id{7}, attempt_id{4}, fence_id{2}}, snapshot_phase::waiting, 0, 0},
      start);

  const auto text = pending.status(start + 2s);

  CHECK(has(text,
            "0 of 25 tasks have acked; missing: count/0 waiting for a marker for 2 s, count/1 "
            "writing 3 chunks for 2 s, count/2 waiting for a marker for 2 s (at work on what is in "
            "front of it), count/3 waiting for a marker for 2 s, "));
  CHECK(has(text, "count/9 "));
  CHECK_FALSE(has(text, "count/10 "));
  CHECK(has(text, " and 15 more"));
}

TEST_CASE("an abort is a failure with its own cause, and names the reason") {
  pending_checkpoint pending(three_tasks());
  const auto failure = pending.abort("region 0 is rolled back");
  CHECK(failure.cause == checkpoint_failure_cause::aborted);
  CHECK(failure.reason == "checkpoint 7 aborted: region 0 is rolled back");
}

TEST_CASE("a delta whose base is not known fails the checkpoint at the end (P10)") {
  pending_checkpoint pending(three_tasks());
  for (const std::uint32_t task : {10u, 11u, 12u}) {
    auto ack = ack_of(task);
    ack.stored.operators[0].states[0].full = task != 11;
    ack.stored.operators[0].states[0].base = epoch_id{5};
    pending.on_ack(ack);
  }

  const auto done = pending.complete(
      {}, [](epoch_id) { return nullptr; }, start);

  REQUIRE_FALSE(done);
  CHECK(done.error().code == weir::error_code::not_found);
  REQUIRE(pending.failure());
  CHECK(pending.failure()->cause == checkpoint_failure_cause::no_base);
  CHECK(pending.failure()->reason == done.error().message);
  CHECK(has(done.error().message, "checkpoint 7 failed: task lines/1, state op.state"));
}

TEST_CASE(
    "it is a broken invariant to construct it without tasks, with a task twice or without its "
    "region's attempt") {
  auto none = three_tasks();
  none.tasks.clear();
  CHECK_THROWS_AS(pending_checkpoint{none}, weir::invariant_broken);
  auto twice = three_tasks();
  twice.tasks.push_back(twice.tasks[0]);
  CHECK_THROWS_AS(pending_checkpoint{twice}, weir::invariant_broken);
  auto no_attempt = three_tasks();
  no_attempt.attempts.pop_back();
  CHECK_THROWS_AS(pending_checkpoint{no_attempt}, weir::invariant_broken);
}

TEST_CASE("it cannot be completed early, twice, or failed after it has completed") {
  pending_checkpoint pending(three_tasks());
  CHECK_THROWS_AS(static_cast<void>(pending.complete({}, nullptr, start)), weir::invariant_broken);
  for (const std::uint32_t task : {10u, 11u, 12u}) pending.on_ack(ack_of(task));
  REQUIRE(pending.complete({}, nullptr, start));
  CHECK_THROWS_AS(static_cast<void>(pending.complete({}, nullptr, start)), weir::invariant_broken);
  CHECK_THROWS_AS(pending.on_timeout(start), weir::invariant_broken);
  CHECK(pending.on_ack(ack_of(10)) == ack_outcome::duplicate);
}

TEST_CASE(
    "in any order of sound, late and duplicate reports it completes exactly when all tasks have "
    "acked once") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  MESSAGE("seed " << seed);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 500; ++run) {
    pending_checkpoint pending(three_tasks());
    std::set<std::uint32_t> acked;
    while (acked.size() < 3) {
      auto ack = ack_of(10 + static_cast<std::uint32_t>(random() % 3));
      const auto task = ack.from.task.value;
      const auto kind = random() % 4;
      if (kind == 0) ack.from.attempt = attempt_id{ack.from.attempt.value - 1};
      if (kind == 1) ack.from.epoch = epoch_id{random() % 7};
      auto expected = ack_outcome::accepted;
      if (kind == 0) expected = ack_outcome::late_attempt;
      if (kind == 1) expected = ack_outcome::wrong_epoch;
      if (kind > 1 && !acked.insert(task).second) expected = ack_outcome::duplicate;
      if (expected == ack_outcome::accepted && acked.size() == 3) expected = ack_outcome::complete;
      REQUIRE(pending.on_ack(ack) == expected);
      REQUIRE(pending.acked_count() == acked.size());
    }
    REQUIRE(pending.complete({}, nullptr, start)->content.tasks.size() == 3);
  }
}
