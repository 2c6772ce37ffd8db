// SPDX-License-Identifier: Apache-2.0
// Specifies one task in one attempt, step by step: what it does with what arrives, and what leaves it, in which order. The
// operators come from the typed API. Many tasks together: cut_test.cpp.
// Longer than 400 lines because all cases share one small job and one task.
#include "dataflow/task_core.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataflow/fault_injector.hpp"
#include "tests/dataflow/fake_ports.hpp"
#include "tests/dataflow/stream_graph.hpp"
#include "weir/core/check.hpp"
#include "weir/sinks.hpp"

namespace {

using namespace weir;
using test::fake_ports;
using number = std::uint64_t;

constexpr attempt_id current{4};

struct count_numbers final : keyed_process<number, number, number> {
  value_state<number> seen{*this, "seen", 0};
  void process(const number& record, context&, collector<number>& out) override {
    seen.update(seen.value() + 1);
    out.emit(record);
  }
};

/// numbers/0 (with a filter) -> count/0 -> out/0, each a task: ids 0, 1, 2.
struct small_job {
  explicit small_job(std::uint64_t count = 3000) {
    auto job = std::make_shared<graph>();
    auto counts =
        test::from(job, "numbers", generate([](std::uint64_t seq) { return seq; }).count(count))
            .filter("most", [](const number& one) { return one % 3 != 0; })
            .key_by([](const number& one) { return one; })
            .process<count_numbers>("count");
    counts.rebalance().to("out", collect_sink<number>(shown));
    physical = std::make_shared<const plan>(make_plan(job, {}).value());
  }
  std::shared_ptr<collected<number>> shown = std::make_shared<collected<number>>();
  std::shared_ptr<const plan> physical;
};

struct task {
  task(const small_job& job, const std::string& name, task_faults* faults = nullptr)
      : ports(faults),
        id(*job.physical->find_task(name)),
        core(job.physical, id, current, {}, ports) {}

  void restore(task_restore from = {}) {
    CHECK(core.begin_restore(std::move(from)).empty());
    REQUIRE(core.finish_restore());
  }
  task& run() {
    restore();
    core.resume();
    return *this;
  }
  void work() {
    for (int i = 0; i < 10'000 && core.has_work(); ++i) core.step();
    REQUIRE(!core.has_work());
  }
  /// Input channel 0 brings one batch of these numbers, numbered on.
  void arrives(const std::vector<number>& records, attempt_id attempt = current) {
    element what = of(element::kind::batch, attempt);
    auto made = std::make_unique<batch<number>>();
    for (const auto one : records) made->emplace(one);
    what.number = next_number++;
    ++batches;
    sent += records.size();
    what.content = batch_ptr(made.release());
    core.on_element(std::move(what));
  }
  void marker_arrives(std::uint64_t epoch) {
    element what = of(element::kind::marker, current);
    what.epoch = {epoch};
    counted(what);
  }
  void end_arrives() { counted(of(element::kind::end, current)); }

  fake_ports ports;
  task_id id;
  task_core core;
  std::uint64_t next_number = 0;
  std::uint64_t batches = 0;
  std::uint64_t sent = 0;

 private:
  static element of(element::kind kind, attempt_id attempt) {
    element what;
    what.what = kind;
    what.attempt = attempt;
    return what;
  }
  void counted(element what) {
    what.batches = std::exchange(batches, 0);
    what.records = std::exchange(sent, 0);
    core.on_element(std::move(what));
  }
};

std::vector<number> numbers_up_to(number count) {
  std::vector<number> all;
  for (number i = 0; i < count; ++i) all.push_back(i);
  return all;
}

TEST_CASE("before resume nothing is processed, and what arrives waits (P13)") {
  small_job job;
  task count(job, "count/0");
  count.restore();
  count.arrives({1, 2});
  CHECK(!count.core.has_work());
  count.core.step();
  count.core.on_trigger({1});
  count.core.on_commit({1});
  CHECK(count.core.records_in() == 0);
  CHECK(count.ports.credits.empty());
  CHECK(count.ports.confirmed.empty());

  count.core.resume();
  count.work();
  CHECK(count.core.records_in() == 2);
  CHECK(count.ports.credits.size() == 1);
}

TEST_CASE("a task meets injected faults after its record's batch, and in each phase of an epoch") {
  small_job job;
  const auto faults =
      fault_injector::make(
          parse_fault_plan("hang record=3; hang phase=aligning; hang "
                           "phase=draining; hang phase=writing; hang phase=committing")
              .value(),
          job.physical, 1)
          .value();
  task count(job, "count/0", faults->of(*job.physical->find_task("count/0")));
  count.run();
  count.arrives({1, 2});
  count.work();
  CHECK(count.ports.struck.empty());
  count.arrives({4, 5});
  count.work();
  REQUIRE(count.ports.struck.size() == 1);
  CHECK(count.ports.struck[0] == "hang record=3, sent: , snapshots: 0, confirmed: 0");
  CHECK(count.core.records_in() == 4);

  count.marker_arrives(1);
  count.work();
  REQUIRE(count.ports.struck.size() == 4);
  CHECK(count.ports.struck[1] == "hang phase=aligning, sent: , snapshots: 0, confirmed: 0");
  CHECK(count.ports.struck[2] ==
        "hang phase=draining, sent: b0 m1:1/4, snapshots: 0, confirmed: 0");
  CHECK(count.ports.struck[3] == "hang phase=writing, sent: , snapshots: 0, confirmed: 0");
  CHECK(count.ports.pieces.size() == 1);
  REQUIRE(count.ports.snapshots.size() == 1);

  count.core.on_commit({1});
  REQUIRE(count.ports.struck.size() == 5);
  CHECK(count.ports.struck[4] == "hang phase=committing, sent: , snapshots: 1, confirmed: 0");
  CHECK(count.ports.confirmed.size() == 1);
}

TEST_CASE("a task is restored once and runs once: another attempt is another task_core (P14)") {
  small_job job;
  task count(job, "count/0");
  CHECK_THROWS_AS(count.core.resume(), invariant_broken);
  count.restore();
  CHECK_THROWS_AS((void)count.core.finish_restore(), invariant_broken);
  count.core.resume();
  CHECK_THROWS_AS(count.core.resume(), invariant_broken);
}

TEST_CASE(
    "a source's marker leaves behind all that it has emitted, its snapshot holds the positions "
    "(P1, P6)") {
  small_job job(10'000);
  task source(job, "numbers/0");
  source.run();
  source.core.step();  // polls
  CHECK(source.core.holds_records());
  source.ports.take_sent();
  source.core.on_trigger({1});

  REQUIRE(source.ports.snapshots.size() == 1);
  const auto& snapshot = source.ports.snapshots[0].snapshot;
  CHECK(snapshot.operators.at(0).uid == "numbers");
  CHECK(snapshot.operators.at(0).splits.size() == 1024);
  CHECK(!snapshot.finished);
  REQUIRE(source.ports.sent.size() >= 2);
  CHECK(source.ports.sent.back().what.what == element::kind::marker);
  CHECK(!source.core.holds_records());

  source.ports.take_sent();
  source.core.on_trigger({1});  // repeated
  CHECK(source.ports.snapshots.size() == 1);
  CHECK(source.ports.take_sent() == "");
}

TEST_CASE("a task with inputs waits for their markers, not for the trigger (P6)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  count.core.on_trigger({1});
  CHECK(count.ports.snapshots.empty());
  count.arrives({1, 2, 3});
  count.marker_arrives(1);
  count.arrives({4});
  count.core.step();
  REQUIRE(count.ports.snapshots.size() == 1);
  CHECK(count.ports.snapshots[0].epoch == epoch_id{1});
  CHECK(count.ports.snapshots[0].snapshot.operators.at(0).states.at(0).entries == 3);
  CHECK(count.ports.take_sent() == "b0 m1:1/3");
}

TEST_CASE("behind a last marker a source reads nothing, until its epoch is aborted") {
  small_job job(100'000);
  task source(job, "numbers/0");
  source.run();
  source.core.step();
  source.core.on_trigger({1}, sources_then::stop);
  CHECK(source.ports.sent.back().what.what == element::kind::marker);
  source.work();
  source.core.wake();
  source.work();
  CHECK(source.ports.sent.back().what.what == element::kind::marker);
  CHECK(source.ports.times_finishing == 0);
  CHECK(source.core.waits_for() == task_wait::source);

  source.core.on_abort({1});
  CHECK(source.core.has_work());
  source.core.step();
  CHECK(source.ports.sent.back().what.what == element::kind::batch);
}

TEST_CASE("a marker that meets an open drain is forwarded at once and declined (P8)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  for (number first = 0; first < 8; ++first) {
    std::vector<number> records;
    for (number i = 0; i < 1000; ++i) records.push_back(first * 1000 + i);
    count.arrives(records);
  }
  count.work();
  count.core.flush();
  count.ports.take_sent();
  count.ports.tick = std::chrono::milliseconds(1);  // every slice of work is cut short at once
  count.marker_arrives(1);
  count.marker_arrives(2);
  count.core.step();
  CHECK(count.ports.take_sent() == "m1:4/8000 m2:0/0");
  REQUIRE(count.ports.declined.size() == 1);
  CHECK(count.ports.declined[0].epoch == epoch_id{2});
  CHECK(count.ports.declined[0].reason == "draining epoch 1 (0 bytes so far)");

  SUBCASE("the open drain goes on, and is complete") {
    count.work();
    REQUIRE(count.ports.snapshots.size() == 1);
    CHECK(count.ports.snapshots[0].epoch == epoch_id{1});
    CHECK(count.ports.snapshots[0].snapshot.operators.at(0).states.at(0).entries == 8000);
  }
  SUBCASE("an abort of the declined epoch leaves it open") {
    count.core.on_abort({2});
    count.work();
    CHECK(count.ports.snapshots.size() == 1);
  }
  SUBCASE("an abort closes it, and the next epoch is taken (P7)") {
    count.core.on_abort({1});
    CHECK(!count.core.has_work());
    CHECK(count.ports.snapshots.empty());
    count.marker_arrives(3);
    count.work();
    REQUIRE(count.ports.snapshots.size() == 1);
    CHECK(count.ports.snapshots[0].epoch == epoch_id{3});
    CHECK(count.ports.snapshots[0].snapshot.operators.at(0).states.at(0).entries == 8000);  // P10
  }
}

TEST_CASE("a marker of an epoch that was aborted before takes no snapshot (P7)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  count.core.on_abort({1});
  count.marker_arrives(1);
  count.work();
  CHECK(count.ports.snapshots.empty());
  CHECK(count.core.inputs().late_markers() == 1);

  task source(job, "numbers/0");
  source.run();
  source.core.on_abort({1});
  source.core.on_trigger({1});
  CHECK(source.ports.snapshots.empty());
}

TEST_CASE("a batch of an older attempt gives its memory back, unprocessed (P3, P4)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  count.arrives({1, 2}, {3});
  CHECK(!count.core.has_work());
  REQUIRE(count.ports.credits.size() == 1);
  CHECK(count.ports.credits[0].to == task_id{0});
  CHECK(count.ports.credits[0].what.attempt == attempt_id{3});
  CHECK(count.core.records_in() == 0);
}

TEST_CASE("a task whose output waits for credit takes no input, until some comes back (P3)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  for (std::uint32_t i = 0; i < 20; ++i) count.arrives(numbers_up_to(1024));
  for (int i = 0; i < 100 && count.core.has_work(); ++i) count.core.step();
  CHECK(count.ports.sent.size() == channel_credits);
  CHECK(count.ports.credits.size() ==
        channel_credits + 1);  // one batch more is processed than can leave
  CHECK(!count.core.has_work());

  const auto exchange = job.physical->chain_of(count.id).outputs.at(0);
  count.core.on_credit({current, exchange, 0, {}});
  CHECK(count.core.has_work());
  count.work();
  CHECK(count.ports.sent.size() == channel_credits + 1);
}

TEST_CASE("after its end a task says so, answers triggers as finished, and takes commits (P16)") {
  small_job job;
  task out(job, "out/0");
  out.run();
  out.arrives({1, 2});
  out.end_arrives();
  CHECK(out.ports.times_finishing == 0);
  out.work();
  CHECK(out.ports.times_finishing == 1);

  out.core.on_trigger({5});
  REQUIRE(out.ports.snapshots.size() == 1);
  CHECK(out.ports.snapshots[0].snapshot.finished);
  CHECK(out.ports.snapshots[0].snapshot.operators.at(0).intents.size() == 1);  // P11, P17
  CHECK(job.shown->size() == 0);
  out.core.on_commit({5});
  CHECK(out.ports.confirmed == std::vector<epoch_id>{{5}});
  CHECK(job.shown->size() == 2);
  out.core.on_commit({5});  // repeated (P17)
  CHECK(job.shown->size() == 2);
  CHECK(out.ports.confirmed.size() == 2);
}

TEST_CASE("a trigger that came before all inputs had ended is answered at the end (P6, P16)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  count.core.on_trigger({1});
  CHECK(count.ports.snapshots.empty());
  count.end_arrives();
  count.work();
  REQUIRE(count.ports.snapshots.size() == 1);
  CHECK(count.ports.snapshots[0].snapshot.finished);
  CHECK(count.ports.take_sent() == "e:0/0");
}

TEST_CASE("a source that is restored behind its last record sends its end again (P16)") {
  small_job job(10);
  manifest from;
  from.epoch = {3};
  {
    task source(job, "numbers/0");
    source.run();
    source.work();
    CHECK(source.ports.take_sent().find("e:") != std::string::npos);
    source.core.on_trigger({3});
    from.tasks.push_back(source.ports.snapshots.at(0).snapshot);
  }
  task again(job, "numbers/0");
  again.restore(plan_restore(from, *job.physical, again.id));
  again.core.resume();
  again.work();
  CHECK(again.ports.take_sent() == "e:0/0");
  CHECK(again.ports.times_finishing == 1);
}

TEST_CASE("a shared batch is not changed by its reader (P3)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  auto made = std::make_unique<batch<number>>();
  made->emplace(7u);
  made->shared = true;
  const batch_ptr other_reader(made.release());
  element what;
  what.attempt = current;
  what.content = other_reader;
  count.core.on_element(std::move(what));
  count.work();
  CHECK(count.core.records_in() == 1);
  CHECK(other_reader->size() == 1);
}

TEST_CASE("each batch of a step is a sign of life, for a source as for a task with inputs (P20)") {
  small_job job;
  task count(job, "count/0");
  count.run();
  for (int batch = 0; batch < 3; ++batch) count.arrives({1, 2});
  count.core.step();
  CHECK(count.core.records_in() == 6);
  CHECK(count.ports.beats == 3);

  task numbers(job, "numbers/0");
  numbers.run();
  numbers.core.step();
  CHECK(numbers.ports.beats > 1);
}

TEST_CASE("a task tells how large each of its keyed states is, by operator and state") {
  small_job job;
  task count(job, "count/0");
  count.run();
  count.arrives({1, 2, 2});
  count.work();

  const auto sizes = count.core.state_sizes();

  REQUIRE(sizes.size() == 1);
  CHECK(sizes[0].operator_name == "count");
  CHECK(sizes[0].state == "seen");
  CHECK(sizes[0].entries == 2);
  CHECK(sizes[0].bytes >= 2 * 2 * sizeof(number));
}

}  // namespace
