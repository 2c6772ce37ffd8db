// SPDX-License-Identifier: Apache-2.0
// Specifies in which order the sending end of an exchange lets things leave (P1), how it counts (P2), and what credit is
// (P3), with an exchange_sender whose open batches a test fills by hand.
#include "dataflow/output_gate.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/dataflow/fake_ports.hpp"
#include "weir/core/check.hpp"

namespace {

using namespace weir;
using test::fake_ports;

constexpr attempt_id current{3};

batch_ptr records(std::uint32_t count) {
  auto made = std::make_unique<batch<std::uint64_t>>();
  for (std::uint32_t i = 0; i < count; ++i) made->emplace(i);
  return batch_ptr(made.release());
}

/// A gate to as many receivers as asked for, whose typed side sends single records to channel 0.
struct opened_gate {
  explicit opened_gate(std::uint32_t receivers) : gate(7, ends(receivers), current, ports) {
    gate.open(
        [](exchange_port& port) { return std::make_unique<rotating_output<std::uint64_t>>(port); });
  }
  static std::vector<channel_end> ends(std::uint32_t receivers) {
    std::vector<channel_end> all;
    for (std::uint32_t i = 0; i < receivers; ++i) all.push_back({{10 + i}, 40 + i, 7});
    return all;
  }
  /// Leaves records in the gate's open batch.
  void emit(std::uint32_t count) {
    batch_ptr batch = records(count);
    gate.sender().consumer().accept(*batch);
  }
  credit_return credit(std::uint32_t channel, batch_ptr emptied = {}) {
    return {current, 7, channel, std::move(emptied)};
  }

  fake_ports ports;
  output_gate gate;
};

TEST_CASE(
    "elements carry the receiver's channel, the attempt, and numbers and counts of their channel "
    "(P2)") {
  opened_gate one(2);
  one.gate.send(0, records(2));
  one.gate.send(0, records(3));
  one.gate.send(1, records(4));
  one.gate.send_marker({1});
  one.gate.send(1, records(1));
  one.gate.send_end();

  REQUIRE(one.ports.sent.size() == 8);
  CHECK(one.ports.sent[0].to == task_id{10});
  CHECK(one.ports.sent[0].what.channel == 40);
  CHECK(one.ports.sent[0].what.attempt == current);
  CHECK(one.ports.sent[2].to == task_id{11});
  CHECK(one.ports.sent[2].what.channel == 41);
  CHECK(one.ports.take_sent() == "b0 b1 b0 m1:2/5 m1:1/4 b1 e:0/0 e:1/1");
  CHECK(one.gate.records_sent() == 10);
}

TEST_CASE("a marker leaves behind what the open batch holds (P1)") {
  opened_gate one(1);
  one.emit(5);
  CHECK(one.gate.holds_records());
  CHECK(one.ports.sent.empty());
  one.gate.send_marker({1});
  CHECK(one.ports.take_sent() == "b0 m1:1/5");
  one.emit(2);
  one.gate.send_end();
  CHECK(one.ports.take_sent() == "b1 e:1/2");
}

TEST_CASE(
    "a batch without credit waits, and keeps markers, ends and later batches behind it (P1, P3)") {
  opened_gate one(1);
  for (std::uint32_t i = 0; i < channel_credits; ++i) one.gate.send(0, records(1));
  CHECK(!one.gate.blocked());
  one.ports.take_sent();

  one.gate.send(0, records(1));
  one.gate.send_marker({1});
  one.gate.send(0, records(1));
  one.gate.send_end();
  CHECK(one.ports.take_sent() == "");
  CHECK(one.gate.blocked());

  one.gate.on_credit(one.credit(0));
  const std::string window = std::to_string(channel_credits);
  const std::string counts = std::to_string(channel_credits + 1);
  CHECK(one.ports.take_sent() == "b" + window + " m1:" + counts + "/" + counts);
  CHECK(one.gate.blocked());
  one.gate.on_credit(one.credit(0));
  CHECK(one.ports.take_sent() == "b" + counts + " e:1/1");
  CHECK(!one.gate.blocked());
}

TEST_CASE("a marker needs no credit (P1)") {
  opened_gate one(1);
  for (std::uint32_t i = 0; i < channel_credits; ++i) one.gate.send(0, records(1));
  one.ports.take_sent();
  one.gate.send_marker({1});
  const std::string window = std::to_string(channel_credits);
  CHECK(one.ports.take_sent() == "m1:" + window + "/" + window);
}

TEST_CASE(
    "one channel without credit stops neither batches nor markers of another, but the task's "
    "input") {
  opened_gate one(2);
  for (std::uint32_t i = 0; i <= channel_credits; ++i) one.gate.send(0, records(1));
  CHECK(one.gate.blocked());
  one.ports.take_sent();
  one.gate.send(1, records(1));
  one.gate.send_marker({1});
  CHECK(one.ports.take_sent() == "b0 m1:1/1");
}

TEST_CASE("no channel ever has more batches in flight than its credits (P3)") {
  opened_gate one(1);
  for (std::uint32_t i = 0; i < 100; ++i) one.gate.send(0, records(1));
  CHECK(one.ports.sent.size() == channel_credits);
  for (std::uint32_t i = channel_credits; i < 100; ++i) one.gate.on_credit(one.credit(0));
  CHECK(one.ports.sent.size() == 100);
  CHECK(!one.gate.blocked());
}

TEST_CASE("credit of an older attempt gives its buffer back and nothing else (P3)") {
  opened_gate one(1);
  for (std::uint32_t i = 0; i <= channel_credits; ++i) one.gate.send(0, records(1));
  one.ports.take_sent();

  credit_return stale = one.credit(0, records(3));
  stale.attempt = {2};
  one.gate.on_credit(std::move(stale));
  CHECK(one.ports.take_sent() == "");

  batch_ptr again = one.gate.recycled();
  REQUIRE(again);
  CHECK(again->empty());
  CHECK(!one.gate.recycled());
}

TEST_CASE("a buffer with other readers, or of a broadcast, is not used again (P3)") {
  opened_gate one(1);
  one.gate.send(0, records(1));
  one.gate.send(0, records(1));
  batch_ptr read = records(1);
  one.gate.on_credit(one.credit(0, read));
  CHECK(!one.gate.recycled());
  batch_ptr broadcast = records(1);
  broadcast->shared = true;
  one.gate.on_credit(one.credit(0, std::move(broadcast)));
  CHECK(!one.gate.recycled());
}

TEST_CASE(
    "more credit than the window, or for a channel that is not there, is a broken invariant (P3)") {
  opened_gate one(1);
  CHECK_THROWS_AS(one.gate.on_credit(one.credit(0)), invariant_broken);
  CHECK_THROWS_AS(one.gate.on_credit(one.credit(1)), invariant_broken);
}

TEST_CASE("the pool is bounded") {
  opened_gate one(1);
  for (std::uint32_t i = 0; i < 3 * channel_credits; ++i) {
    credit_return stale = one.credit(0, records(1));
    stale.attempt = {1};
    one.gate.on_credit(std::move(stale));
  }
  std::uint32_t pooled = 0;
  while (one.gate.recycled()) ++pooled;
  CHECK(pooled == channel_credits);
}

}  // namespace
