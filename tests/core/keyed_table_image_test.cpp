// SPDX-License-Identifier: Apache-2.0
// What keyed_table promises to snapshots, one example each: frozen content (P9), full images and
// deltas (P10), order of calls. Random histories, and what was broken on purpose, are in
// keyed_table_model_test.cpp.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include "tests/core/keyed_table_support.hpp"
#include "weir/core/keyed_table.hpp"

using namespace weir;
using namespace weir::test;

TEST_CASE(
    "a touch takes the fast path in the newest part, and finds older parts and addresses inside a "
    "drain") {
  numbers table;
  for (u64 key = 0; key < 9; ++key)
    put(table, key, i64{1});  // 16 slots hold 8: the last one made a new part
  table.freeze({1});
  for (u64 key = 0; key < 9; ++key) put(table, key, i64{2});
  put(table, u64{9}, i64{2});
  const std::vector<chunk> first = drain_all(table);
  table.complete({1});
  table.begin_block();
  for (u64 key = 0; key < 9; ++key) put(table, key, i64{3});
  const std::vector<chunk> second = image_of(table, 2);

  numbers restored;
  load_all(restored, first);
  for (const auto& [key, value] : content(restored)) CHECK(value == 1);
  CHECK(restored.size() == 9);
  numbers later;
  if (!table.image().full) load_all(later, first);
  load_all(later, second);
  CHECK(content(later) == content(table));
}

TEST_CASE(
    "an image holds what was there at freeze: not what was changed, erased or inserted "
    "afterwards") {
  numbers table;
  for (u64 key = 0; key < 1000; ++key) put(table, key, i64{1});
  const std::map<u64, i64> frozen = content(table);
  table.freeze({1});
  std::vector<chunk> out;
  CHECK(!table.drain(300, out));

  for (u64 key = 0; key < 1000; ++key) put(table, key, i64{2});
  for (u64 key = 0; key < 1000; key += 2) CHECK(erase(table, key));
  for (u64 key = 5000; key < 9000; ++key)
    put(table, key, i64{3});  // also into slots of erased keys, and into a new part

  while (!table.drain(300, out)) {
  }
  numbers restored;
  load_all(restored, out);
  CHECK(content(restored) == frozen);
  CHECK(table.image().full);
  CHECK(table.image().entries == 1000);
}

TEST_CASE(
    "a delta holds the blocks that changed and the keys that went, relative to the last complete "
    "epoch") {
  const auto table = table_at_epoch_1(100'000);
  const std::map<u64, i64> base = content(*table);
  for (u64 key = 0; key < 5; ++key) put(*table, key, i64{9});
  CHECK(erase(*table, 77));

  const std::vector<chunk> out = image_of(*table, 2);

  CHECK(!table->image().full);
  CHECK(table->image().base == epoch_id{1});
  CHECK(table->image().chain == 1);
  CHECK(table->image().erased == 1);
  CHECK(table->image().entries < 5 * 256);
  CHECK(out.front().kind == chunk_kind::erased);
  numbers restored;
  for (const auto& [key, value] : base) put(restored, key, i64{value});
  load_all(restored, out);
  CHECK(content(restored) == content(*table));
}

TEST_CASE("a value changed while its part waits to be moved is in the next image") {
  numbers table;
  const u64 count =
      32'769;  // one more than 65,536 slots take: the old part needs 64 blocks to be moved
  for (u64 key = 0; key < count; ++key) {
    table.begin_block();
    put(table, key, i64{1});
  }
  const std::vector<chunk> first = image_of(table, 1);
  table.complete({1});
  const std::vector<u64> late = keys_between(60'000, 60'100, 5);  // moved towards the end
  for (u64 key : late) {
    if (key < count) put(table, key, i64{2});
  }
  for (int i = 0; i < 100; ++i) table.begin_block();
  const std::vector<chunk> second = image_of(table, 2);

  numbers restored;
  if (!table.image().full) load_all(restored, first);
  load_all(restored, second);
  CHECK(content(restored) == content(table));
}

TEST_CASE("chunks have about 64 KiB, in slot order, with entries inside their key groups") {
  numbers table;
  for (u64 key = 0; key < 100'000; ++key) {
    put(table, key, i64{1});
    if (key % 256 == 0) table.begin_block();
  }
  const std::vector<chunk> out = image_of(table, 1);
  REQUIRE(out.size() > 20);
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    CHECK(out[i].bytes.size() >= chunk_target_bytes);
    CHECK(out[i].bytes.size() < chunk_target_bytes + 8192);
    CHECK(out[i].groups.last - out[i].groups.first < key_group_count / 8);
  }
}

TEST_CASE("what an aborted epoch would have held is in the next delta (P10)") {
  const auto table = table_at_epoch_1(20'000);
  put(*table, u64{3}, i64{9});
  erase(*table, 4);
  table->freeze({2});
  std::vector<chunk> out;
  CHECK(!table->drain(10, out));
  table->abort({2});
  CHECK(!table->draining());
  image_of(*table, 3);
  table->abort({3});
  image_of(*table, 4);  // no outcome is told

  numbers restored;
  load_all(restored, image_of(*table, 5));
  CHECK(!table->image().full);
  CHECK(table->image().base == epoch_id{1});
  CHECK(*get(restored, 3) == 9);
  CHECK(table->image().erased == 1);
}

TEST_CASE("an image is full when a delta is not worth while or not possible") {
  auto table = table_at_epoch_1(20'000);
  SUBCASE("nothing was completed") {
    table = std::make_unique<numbers>();
  }
  SUBCASE("most blocks are dirty") {
    for (u64 key = 0; key < 20'000; key += 10) put(*table, key, i64{2});
  }
  SUBCASE("the table grew") {
    for (u64 key = 20'000; key < 40'000; ++key) put(*table, key, i64{2});
  }
  SUBCASE("the chain of deltas is at its bound") {
    table->restored({1}, max_delta_chain);
  }
  SUBCASE("another checkpoint than ours is complete") {
    table->complete({2});
  }
  SUBCASE("too many keys were erased") {
    table->reserve(200'000);
    for (u64 key = 0; key < 70'000; ++key) put(*table, key, i64{2});
    table->restored({1});
    for (u64 key = 0; key < 70'000; ++key) erase(*table, key);
  }
  image_of(*table, 3);
  CHECK(table->image().full);
  CHECK(table->image().chain == 0);
}

TEST_CASE("a chain of deltas ends with a full image") {
  const auto table = table_at_epoch_1(20'000);
  for (u64 epoch = 2; epoch < 2 + max_delta_chain; ++epoch) {
    put(*table, epoch, i64{2});
    image_of(*table, epoch);
    CHECK(table->image().chain == epoch - 1);
    table->complete({epoch});
    table->complete({epoch - 1});  // a late repeat changes nothing
  }
  image_of(*table, 100);
  CHECK(table->image().full);
}

TEST_CASE("calls in the wrong order are broken invariants") {
  numbers table;
  table.freeze({2});
  CHECK_THROWS_AS(table.freeze({3}), invariant_broken);
  CHECK_THROWS_AS(table.complete({2}), invariant_broken);
  drain_all(table);
  std::vector<chunk> out;
  CHECK_THROWS_AS(table.drain(1, out), invariant_broken);
  CHECK_THROWS_AS(table.freeze({2}), invariant_broken);
  i64 foreign = 0;
  CHECK_THROWS_AS(table.before_write(&foreign), invariant_broken);
  table.before_write(nullptr);
}
