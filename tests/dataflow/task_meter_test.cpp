// SPDX-License-Identifier: Apache-2.0
// Specifies what a task's meter says, by example, and with a reader beside the writer.
#include "dataflow/task_meter.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace weir;
using namespace std::chrono_literals;

constexpr steady_time zero{std::chrono::seconds(10)};

TEST_CASE("busy, idle and back-pressured time add up to the time since the meter was made") {
  task_meter meter({1}, zero, {});
  meter.turn(task_wait::none, zero + 10ms);
  meter.turn(task_wait::credit, zero + 13ms);
  meter.turn(task_wait::none, zero + 20ms);
  meter.turn(task_wait::lane, zero + 21ms);
  meter.turn(task_wait::marker, zero + 22ms);
  meter.turn(task_wait::source, zero + 30ms);

  const auto times = meter.times(zero + 50ms);
  CHECK(times.busy == 4ms);
  CHECK(times.back_pressured == 8ms);
  CHECK(times.idle == 38ms);
  CHECK(times.waits_for == task_wait::source);
  CHECK(times.since == zero + 30ms);
}

TEST_CASE("a reader whose clock was read before the last turn sees that turn and no more") {
  task_meter meter({1}, zero, {});
  meter.turn(task_wait::none, zero + 10ms);
  const auto times = meter.times(zero + 9ms);
  CHECK(times.idle == 10ms);
  CHECK(times.busy == 0ms);
}

TEST_CASE("a reader never sees half a turn") {
  constexpr std::uint64_t looks_wanted = 100;
  task_meter meter({1}, zero, {});
  std::atomic<bool> over{false};
  std::thread task([&] {
    for (int i = 1; !over; ++i) {
      meter.turn(static_cast<task_wait>(i % 6), zero + std::chrono::microseconds(i));
      for (int work = 0; work < 100; ++work) {  // no task turns all the time
        std::atomic_signal_fence(std::memory_order_seq_cst);
      }
    }
  });
  auto last = 0ns;
  std::uint64_t halves = 0;
  for (std::uint64_t looks = 0; looks < looks_wanted;) {
    const auto times = meter.times(zero);  // early: only what the turns have added counts
    const auto all = times.busy + times.idle + times.back_pressured;
    if (all != times.since - zero || all < last) ++halves;
    if (all > last) ++looks;  // the task has moved on
    last = all;
  }
  over = true;
  task.join();
  CHECK(halves == 0);
}

TEST_CASE("samples of latency give way to newer ones when nobody reads them") {
  latency_samples samples;
  const auto add = [&](std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) samples.add(std::chrono::microseconds(i));
  };
  add(3);
  std::vector<std::int64_t> seen;
  const auto take = [&](std::chrono::microseconds one) { seen.push_back(one.count()); };
  CHECK(samples.read_from(0, take) == 3);
  CHECK(seen == std::vector<std::int64_t>{0, 1, 2});
  CHECK(samples.sum() == std::chrono::microseconds(3));

  seen.clear();
  CHECK(samples.read_from(3, take) == 3);
  CHECK(seen.empty());

  add(latency_samples::kept + 10);
  CHECK(samples.read_from(3, take) == latency_samples::kept + 13);
  CHECK(seen.size() == latency_samples::kept);
  CHECK(seen.front() == 10);
}

TEST_CASE("of each task the newest attempt is shown, and what the ones before it have counted") {
  const auto outputs = std::make_shared<channel_meters>(2);
  const auto attempt = [&](std::uint64_t number) {
    return std::make_shared<task_meter>(
        attempt_id{number}, zero, std::vector<std::shared_ptr<const channel_meters>>{outputs});
  };
  task_meters meters(2);
  CHECK(meters.of({1}).newest == nullptr);
  const auto first = attempt(4);
  meters.show({1}, first);
  first->records_read.add(10);
  first->records_written.set(7);
  meters.show({1}, attempt(5));
  CHECK(meters.of({1}).newest->attempt() == attempt_id{5});
  CHECK(meters.of({1}).records_read_before == 10);
  CHECK(meters.of({1}).records_written_before == 7);
  CHECK(meters.of({0}).newest == nullptr);
}

}  // namespace
