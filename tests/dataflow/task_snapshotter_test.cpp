// SPDX-License-Identifier: Apache-2.0
// Specifies how one task's snapshot is taken: frozen at the cut, drained in bounded steps, and declared at its end exactly
// as it was sent (P8 to P12); with a real table and a part whose preparation a test ends by hand.
#include "dataflow/task_snapshotter.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "state/blob.hpp"
#include "tests/core/keyed_table_support.hpp"
#include "tests/dataflow/fake_ports.hpp"
#include "weir/core/check.hpp"

namespace {

using namespace weir;
using test::fake_ports;

/// One table, one list, one split, and an intent that takes until `prepared`.
struct test_part final : operator_part {
  test_part() : operator_part("count") {}

  std::vector<keyed_image> keyed() override { return {{"seen", "map<u64,i64>", &table}}; }
  bool snapshot(epoch_id, operator_image& out) override {
    out.lists.push_back(
        {"open", "i64", list_mode::split, {{chunk_kind::elements, {}, 1, {std::byte{1}}}}});
    out.splits.push_back({"split-1", {std::byte{2}}});
    if (prepared) out.intents.push_back({std::byte{3}});
    return prepared;
  }
  bool collect(epoch_id, operator_image& out) override {
    if (prepared) out.intents.push_back({std::byte{3}});
    return prepared;
  }
  test::numbers table;
  bool prepared = true;
};

struct fixture {
  fixture() {
    task_snapshot head;
    head.task = "count";
    snapshots = std::make_unique<task_snapshotter>(task_id{7}, attempt_id{2}, head,
                                                   std::vector<operator_part*>{&part}, ports);
  }
  void fill(std::uint64_t count) {
    for (std::uint64_t key = 0; key < count; ++key) {
      part.table.begin_block();
      test::put(part.table, key, static_cast<std::int64_t>(key));
    }
  }
  /// The store takes every chunk at once.
  void finish() {
    std::size_t stored = ports.pieces.size();
    for (int i = 0; i < 10'000 && snapshots->open(); ++i) {
      snapshots->advance();
      for (; stored < ports.pieces.size(); ++stored) snapshots->on_chunk_stored();
    }
    REQUIRE(!snapshots->open());
  }

  fake_ports ports;
  test_part part;
  std::unique_ptr<task_snapshotter> snapshots;
};

TEST_CASE(
    "the end declares exactly what was sent, and all that belongs to the snapshot (P11, P12)") {
  fixture one;
  one.fill(20'000);
  one.snapshots->begin({5}, true);
  CHECK(one.snapshots->open());
  one.finish();

  REQUIRE(one.ports.snapshots.size() == 1);
  const auto& end = one.ports.snapshots[0];
  CHECK(end.epoch == epoch_id{5});
  CHECK(end.attempt == attempt_id{2});
  CHECK(end.task == task_id{7});
  CHECK(end.snapshot.finished);
  REQUIRE(end.snapshot.operators.size() == 1);
  const auto& count = end.snapshot.operators[0];
  REQUIRE(count.states.size() == 2);
  CHECK(count.states[0].name == "seen");
  CHECK(count.states[0].schema == "map<u64,i64>");
  CHECK(count.states[0].full);
  CHECK(count.states[0].entries == 20'000);
  CHECK(count.states[1].name == "open");
  CHECK(count.splits == std::vector<source_split>{{"split-1", {std::byte{2}}}});
  CHECK(count.intents == std::vector<byte_vector>{{std::byte{3}}});

  std::vector<std::vector<std::uint64_t>> checksums(2);
  for (const auto& piece : one.ports.pieces) {
    checksums.at(piece.place.state).push_back(blob_checksum({5}, piece.content));
  }
  for (std::size_t state = 0; state < 2; ++state) {
    REQUIRE(count.states[state].chunks.size() == checksums[state].size());
    for (std::size_t i = 0; i < checksums[state].size(); ++i) {
      CHECK(count.states[state].chunks[i].checksum == checksums[state][i]);
    }
  }
}

TEST_CASE("what changes after the cut is not in the snapshot (P9)") {
  fixture one;
  one.fill(10'000);
  one.ports.tick = std::chrono::milliseconds(1);
  one.snapshots->begin({5}, false);
  one.snapshots->advance();
  REQUIRE(one.snapshots->open());
  for (std::uint64_t key = 0; key < 12'000; ++key) {
    one.part.table.begin_block();
    test::put(one.part.table, key, std::int64_t{-1});
  }
  one.finish();

  test::numbers restored;
  for (const auto& piece : one.ports.pieces) {
    if (piece.place.state == 0) REQUIRE(restored.load(piece.content, {}));
  }
  CHECK(restored.size() == 10'000);
  restored.for_each([](std::uint64_t key, std::int64_t value) {
    REQUIRE(value == static_cast<std::int64_t>(key));
  });
}

TEST_CASE("chunks on their way are bounded: without the store's answers the drain stands still") {
  fixture one;
  one.fill(400'000);
  one.snapshots->begin({5}, false);
  for (int i = 0; i < 10'000 && one.snapshots->can_advance(); ++i) one.snapshots->advance();
  CHECK(one.snapshots->open());
  const auto sent = one.ports.pieces.size();
  CHECK(sent >= task_snapshotter::chunks_in_flight_max);
  CHECK(sent <= task_snapshotter::chunks_in_flight_max + 2);  // a step may make more than one
  one.snapshots->advance();
  CHECK(one.ports.pieces.size() == sent);

  for (std::size_t i = 0; i < sent; ++i) one.snapshots->on_chunk_stored();
  CHECK(one.snapshots->can_advance());
  one.finish();
  CHECK(one.ports.snapshots.size() == 1);
}

TEST_CASE("a part that prepares in the background is waited for") {
  fixture one;
  one.part.prepared = false;
  one.snapshots->begin({5}, false);
  one.snapshots->advance();
  one.snapshots->advance();
  CHECK(one.snapshots->open());
  CHECK(!one.snapshots->can_advance());
  one.part.prepared = true;
  one.snapshots->advance();
  CHECK(!one.snapshots->open());
  REQUIRE(one.ports.snapshots.size() == 1);
  CHECK(one.ports.snapshots[0].snapshot.operators[0].intents.size() == 1);
}

TEST_CASE("one snapshot at a time (P8)") {
  fixture one;
  one.snapshots->begin({5}, false);
  CHECK(one.snapshots->epoch() == epoch_id{5});
  CHECK_THROWS_AS(one.snapshots->begin({6}, false), invariant_broken);
}

TEST_CASE("an abort closes the snapshot of its epoch and no other (P7)") {
  fixture one;
  one.fill(10'000);
  one.ports.tick = std::chrono::milliseconds(1);
  one.snapshots->begin({5}, false);
  one.snapshots->advance();
  one.snapshots->abort({4});
  one.snapshots->abort({6});
  CHECK(one.snapshots->open());
  one.snapshots->abort({5});
  CHECK(!one.snapshots->open());
  one.snapshots->begin({7}, false);
  one.finish();
  REQUIRE(one.ports.snapshots.size() == 1);
  CHECK(one.ports.snapshots[0].snapshot.operators[0].states[0].entries == 10'000);
}

TEST_CASE(
    "a delta is relative to the newest epoch that was told complete, and holds what an abort "
    "dropped (P10)") {
  fixture one;
  one.fill(10'000);
  one.snapshots->begin({1}, false);
  one.finish();
  one.snapshots->complete({1});

  test::put(one.part.table, std::uint64_t{3}, std::int64_t{-3});
  one.snapshots->begin({2}, false);
  one.finish();
  one.snapshots->abort({2});  // epoch 2 was sent, but did not become complete
  test::put(one.part.table, std::uint64_t{4}, std::int64_t{-4});
  one.ports.pieces.clear();
  one.snapshots->begin({3}, false);
  one.finish();

  const auto& state = one.ports.snapshots.at(2).snapshot.operators[0].states[0];
  REQUIRE(!state.full);
  CHECK(state.base == epoch_id{1});
  test::numbers changed;
  for (const auto& piece : one.ports.pieces) {
    if (piece.place.state == 0) REQUIRE(changed.load(piece.content, {}));
  }
  REQUIRE(test::get(changed, 3) != nullptr);
  REQUIRE(test::get(changed, 4) != nullptr);
  CHECK(*test::get(changed, 3) == -3);
  CHECK(changed.size() < 10'000);
}

}  // namespace
