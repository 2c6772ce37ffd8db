// SPDX-License-Identifier: Apache-2.0
// Specifies what the receiving end of a task's channels lets through and in which order (P1, P6), what it audits (P2) and
// what it drops (P4): by example, and by random interleavings of arrivals and looks against the order that was sent.
#include "dataflow/input_gate.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/seed.hpp"
#include "weir/core/check.hpp"

namespace {

using namespace weir;

constexpr std::uint32_t a = 0, b = 1;
constexpr attempt_id current{5};

/// The sending ends of a gate's channels: they number and count as output_gate does.
class senders {
 public:
  explicit senders(std::uint32_t channels) : channels_(channels) {}

  element batch_on(std::uint32_t channel, std::uint32_t records = 1) {
    auto made = std::make_unique<batch<std::uint64_t>>();
    auto& from = channels_[channel];
    for (std::uint32_t i = 0; i < records; ++i) made->emplace(from.number);
    element what = of(channel);
    what.number = from.number++;
    what.content = batch_ptr(made.release());
    ++from.batches;
    from.records += records;
    return what;
  }
  element marker_on(std::uint32_t channel, std::uint64_t epoch) {
    element what = of(channel);
    what.what = element::kind::marker;
    what.epoch = {epoch};
    return counted(what);
  }
  element end_on(std::uint32_t channel) {
    element what = of(channel);
    what.what = element::kind::end;
    return counted(what);
  }

 private:
  struct sender {
    std::uint64_t number = 0;
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
  };
  static element of(std::uint32_t channel) {
    element what;
    what.channel = channel;
    what.attempt = current;
    return what;
  }
  element counted(element what) {
    auto& from = channels_[what.channel];
    what.batches = std::exchange(from.batches, 0);
    what.records = std::exchange(from.records, 0);
    return what;
  }
  std::vector<sender> channels_;
};

input_gate gate_of(std::uint32_t channels, alignment mode = alignment::exactly_once) {
  return input_gate(std::vector<channel_end>(channels), current, mode);
}

void offer(input_gate& gate, element what) {
  REQUIRE(gate.offer(what));
}

/// One look, in short: "a0" batch 0 of channel a, "|1" aligned, "x1" abandoned, "." ended.
std::string look(input_gate& gate) {
  const auto step = gate.next();
  std::string text;
  if (step.abandoned) text += "x" + to_string(*step.abandoned);
  if (step.aligned) text += "|" + to_string(*step.aligned);
  if (step.batch) {
    text += std::string(1, static_cast<char>('a' + step.batch->channel));
    text += std::to_string(step.batch->number);
  }
  if (step.ended) text += ".";
  return text;
}

std::string look_until_empty(input_gate& gate) {
  std::string text;
  for (int i = 0; i < 1000 && gate.has_work(); ++i) {
    const std::string step = look(gate);
    text += (text.empty() || step.empty() ? "" : " ") + step;
  }
  return text;
}

TEST_CASE("what one channel brings comes out in its order, with its end") {
  senders from(1);
  auto gate = gate_of(1);
  offer(gate, from.batch_on(a));
  offer(gate, from.batch_on(a));
  offer(gate, from.marker_on(a, 1));
  offer(gate, from.batch_on(a));
  offer(gate, from.end_on(a));
  CHECK(look_until_empty(gate) == "a0 a1 |1 a2 .");
  CHECK(!gate.has_work());
}

TEST_CASE("records behind a marker wait until the other channel has brought it (P6)") {
  senders from(2);
  auto gate = gate_of(2);
  offer(gate, from.batch_on(a));
  offer(gate, from.marker_on(a, 1));
  offer(gate, from.batch_on(a));
  offer(gate, from.batch_on(b));
  CHECK(look_until_empty(gate) == "a0 b0");

  offer(gate, from.batch_on(a));
  CHECK(look_until_empty(gate) == "");
  offer(gate, from.marker_on(b, 1));
  offer(gate, from.batch_on(b));
  CHECK(look(gate) == "|1");
  CHECK(look_until_empty(gate) == "a1 a2 b1");
}

TEST_CASE("with at-least-once records behind a marker do not wait (P6)") {
  senders from(2);
  auto gate = gate_of(2, alignment::at_least_once);
  offer(gate, from.marker_on(a, 1));
  offer(gate, from.batch_on(a));
  offer(gate, from.marker_on(b, 1));
  CHECK(look_until_empty(gate) == "a0 |1");
}

TEST_CASE("what arrives at a blocked channel does not overtake what waits unread before it (P1)") {
  senders from(2);
  auto gate = gate_of(2);
  offer(gate, from.marker_on(a, 1));
  offer(gate, from.batch_on(b));
  offer(gate, from.batch_on(a));
  CHECK(look(gate) ==
        "b0");  // the marker was read on the way: a is blocked, its batch 0 still unread
  offer(gate, from.batch_on(a));

  SUBCASE("when the gate reads on before the release") {
    CHECK(look_until_empty(gate) == "");
    offer(gate, from.marker_on(b, 1));
    CHECK(look_until_empty(gate) == "|1 a0 a1");
  }
  SUBCASE("when the release is an abort") {
    CHECK(gate.on_abort({1}));
    CHECK(look_until_empty(gate) == "a0 a1");
  }
}

TEST_CASE("an abort lets through what was held back, in order (P7)") {
  senders from(2);
  auto gate = gate_of(2);
  offer(gate, from.marker_on(a, 1));
  offer(gate, from.batch_on(a));
  CHECK(look_until_empty(gate) == "");
  CHECK(gate.aligning() == epoch_id{1});
  offer(gate, from.batch_on(a));
  CHECK(gate.on_abort({1}));
  CHECK(look_until_empty(gate) == "a0 a1");
  CHECK(!gate.on_abort({1}));

  offer(gate, from.marker_on(b, 1));
  CHECK(look_until_empty(gate) == "");
  CHECK(gate.late_markers() == 1);
}

TEST_CASE("a newer marker gives up the older alignment and releases its channel (P7)") {
  senders from(2);
  auto gate = gate_of(2);
  offer(gate, from.marker_on(a, 1));
  offer(gate, from.batch_on(a));
  offer(gate, from.marker_on(a, 2));
  offer(gate, from.marker_on(b, 2));
  // Everything of a behind its marker 1 is released; its own marker 2 then aligns.
  CHECK(look_until_empty(gate) == "x1a0 |2");
}

TEST_CASE("a gap, a repeat and a wrong count end the attempt, with the numbers (P2)") {
  senders from(1);
  auto gate = gate_of(1);
  element first = from.batch_on(a, 3);

  SUBCASE("a lost batch") {
    offer(gate, from.batch_on(a));
    CHECK_THROWS_WITH_AS(look_until_empty(gate), doctest::Contains("brought batch 1 where batch 0"),
                         invariant_broken);
  }
  SUBCASE("a repeated batch") {
    element again = first;
    offer(gate, first);
    offer(gate, again);
    CHECK_THROWS_AS(look_until_empty(gate), invariant_broken);
  }
  SUBCASE("a marker that counts another batch") {
    element lost = from.batch_on(a);
    offer(gate, first);
    offer(gate, from.marker_on(a, 1));
    CHECK_THROWS_WITH_AS(look_until_empty(gate), doctest::Contains("1 batches and 3 records"),
                         invariant_broken);
  }
  SUBCASE("a marker that counts another record") {
    static_cast<batch<std::uint64_t>&>(*first.content).set_size(2);
    offer(gate, first);
    offer(gate, from.marker_on(a, 1));
    CHECK_THROWS_AS(look_until_empty(gate), invariant_broken);
  }
  SUBCASE("an end that counts another batch") {
    offer(gate, from.end_on(a));
    CHECK_THROWS_AS(look_until_empty(gate), invariant_broken);
  }
}

TEST_CASE("counts are of the epoch, batch numbers of the attempt (P2)") {
  senders from(1);
  auto gate = gate_of(1);
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    offer(gate, from.batch_on(a, 2));
    offer(gate, from.marker_on(a, epoch));
  }
  CHECK(look_until_empty(gate) == "a0 |1 a1 |2 a2 |3");
}

TEST_CASE(
    "an element of an older attempt is dropped and counted, a newer one is a broken invariant "
    "(P4)") {
  senders from(1);
  auto gate = gate_of(1);
  element stale = from.batch_on(a);
  stale.attempt = {4};
  CHECK(!gate.offer(stale));
  CHECK(gate.dropped() == 1);
  CHECK(!gate.has_work());
  CHECK(stale.content);  // the caller sends its memory back (P3)

  element early = from.end_on(a);
  early.attempt = {6};
  CHECK_THROWS_AS(gate.offer(early), invariant_broken);
}

TEST_CASE(
    "whatever the interleaving, each channel comes out in order and the cut is where its markers "
    "are") {
  const auto seed = test::print_seed();
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  for (int round = 0; round < 400; ++round) {
    const auto channels = static_cast<std::uint32_t>(1 + below(4));
    senders from(channels);
    auto gate = gate_of(channels);
    std::vector<std::uint64_t> sent(channels), marked(channels), taken(channels), cut(channels);
    std::vector<std::uint64_t> in_cut(channels);
    std::uint64_t complete = 0;
    for (int i = 0; i < 300; ++i) {
      const auto channel = static_cast<std::uint32_t>(below(channels));
      if (below(3) == 0) {
        const auto step = gate.next();
        if (step.aligned) {
          CHECK(step.aligned->value == ++complete);
          for (std::uint32_t k = 0; k < channels; ++k) CHECK(taken[k] == in_cut[k]);
        }
        if (step.batch) REQUIRE(step.batch->number == taken[step.batch->channel]++);
      } else if (below(6) == 0 && marked[channel] <= complete) {  // one epoch at a time
        offer(gate, from.marker_on(channel, ++marked[channel]));
        in_cut[channel] = sent[channel];
      } else {
        offer(gate, from.batch_on(channel));
        ++sent[channel];
      }
    }
  }
}

}  // namespace
