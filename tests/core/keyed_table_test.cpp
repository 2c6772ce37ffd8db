// SPDX-License-Identifier: Apache-2.0
// What keyed_table promises to records and restores, one example each: layout, addresses, growth in
// steps, key groups, bad bytes. Images are in keyed_table_image_test.cpp, random histories against
// a model in keyed_table_model_test.cpp.
#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/core/keyed_table_support.hpp"
#include "weir/core/keyed_table.hpp"

using namespace weir;
using namespace weir::test;

TEST_CASE("a slot of a number and a number takes 16 bytes") {
  CHECK(sizeof(table_slot<u64, i64>) == 16);
  CHECK(sizeof(table_slot<std::int32_t, float>) == 8);
}

TEST_CASE("keys that look like empty and erased slots are kept, erased and restored like others") {
  numbers table;
  CHECK(get(table, reserved_a) == nullptr);
  CHECK(!erase(table, reserved_b));

  put(table, reserved_a, i64{10});
  put(table, reserved_b, i64{11});
  for (u64 key = 0; key < 100; ++key) put(table, key, i64{1});  // and they survive growth
  for (int i = 0; i < 10; ++i) table.begin_block();

  CHECK(*get(table, reserved_a) == 10);
  CHECK(*get(table, reserved_b) == 11);
  numbers restored;
  load_all(restored, image_of(table, 1));
  CHECK(content(restored) == content(table));
  CHECK(erase(table, reserved_a));
  CHECK(get(table, reserved_a) == nullptr);
  CHECK(*get(table, reserved_b) == 11);
  CHECK(table.size() == 101);
}

TEST_CASE("keys that want the last slots go on at the first ones") {
  numbers table;
  table.reserve(512);
  const std::vector<u64> last =
      keys_between(65500, 65535, 20);  // all at home in the last slot of 1024
  const std::vector<u64> first = keys_between(0, 35, 5);
  for (u64 key : last) put(table, key, i64{7});
  for (u64 key : first) put(table, key, i64{8});

  for (u64 key : last) CHECK(*get(table, key) == 7);
  for (u64 key : first) CHECK(*get(table, key) == 8);
  for (u64 key : last) CHECK(erase(table, key));
  for (u64 key : first) CHECK(*get(table, key) == 8);
  CHECK(table.size() == 5);
}

TEST_CASE("a key is found behind erased ones, and erased slots are used again") {
  numbers table;
  const std::vector<u64> keys = keys_between(0, 4000, 7);
  for (u64 key : keys) put(table, key, i64{1});
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) CHECK(erase(table, keys[i]));
  CHECK(*get(table, keys.back()) == 1);

  const std::size_t bytes = table.memory_bytes();
  for (u64 key = 1000; key < 100'000; ++key) {
    table.begin_block();
    put(table, key, i64{1});
    CHECK(erase(table, key));
  }
  CHECK(table.size() == 1);
  CHECK(table.memory_bytes() <= bytes);
}

TEST_CASE(
    "addresses are stable from one block to the next, whatever is inserted and erased between") {
  numbers table;
  table.begin_block();
  std::map<u64, i64*> addresses;
  for (u64 key = 0; key < 5000; ++key) {
    put(table, key, static_cast<i64>(key));
    addresses[key] = get(table, key);
    if (key % 3 == 0) {
      CHECK(erase(table, key));
      addresses.erase(key);
    }
  }
  for (const auto& [key, address] : addresses) {
    CHECK(get(table, key) == address);
    CHECK(*address == static_cast<i64>(key));
  }
}

TEST_CASE("a growing table moves a bounded number of slots in each block") {
  numbers table;
  for (u64 key = 0; key < 65'536; ++key) {
    put(table, key, i64{1});
    if (key % 256 == 0) table.begin_block();
  }
  for (int i = 0; i < 100; ++i) table.begin_block();
  put(table, u64{65'536}, i64{1});  // grows here, and nothing is moved yet
  std::map<u64, i64*> before;
  for (u64 key = 0; key < 65'536; ++key) before[key] = get(table, key);

  table.begin_block();

  std::size_t moved = 0;
  for (const auto& [key, address] : before) moved += get(table, key) != address ? 1 : 0;
  CHECK(moved > 100);
  CHECK(moved <= 1024);
  for (int i = 0; i < 1000; ++i) table.begin_block();
  CHECK(content(table).size() == 65'537);
}

TEST_CASE("a table of some key groups takes no others, and spreads them over all of its slots") {
  const key_group_range mine = groups_of(2, 3);
  numbers whole;
  numbers third;
  CHECK(third.load(chunk{chunk_kind::entries, all_groups, 0, {}}, mine).has_value());
  for (u64 key = 0; key < 3000; ++key) put(whole, key, i64{1});

  load_all(third, image_of(whole, 1), mine);

  u64 expected = 0;
  for (u64 key = 0; key < 3000; ++key)
    expected += mine.contains(key_group_of(key_hash(key))) ? 1 : 0;
  CHECK(third.size() == expected);
  const detail::table_part<u64, i64> part(1024, mine);
  for (u64 sixteenth = 0; sixteenth < 16; ++sixteenth) {  // of the hashes in its range
    const u64 first = 65'536 * 2 / 3 + 1 + sixteenth * 1365;
    for (u64 key : keys_between(first, first + 1300, 3)) {
      CHECK(part.home(key_hash(key)) / 64 == sixteenth);
    }
  }
  const std::vector<u64> foreign = keys_between(0, 100, 1);
  CHECK(get(third, foreign[0]) == nullptr);
  CHECK_THROWS_AS(put(third, foreign[0], i64{1}), invariant_broken);
  CHECK_THROWS_AS(third.own(all_groups), invariant_broken);
}

TEST_CASE("malformed chunks are errors, whatever their bytes") {
  keyed_table<std::string, std::string> source;
  for (int i = 0; i < 50; ++i) {
    const std::string key = "key" + std::to_string(i);
    source.insert(key_hash(key), &key, std::string(static_cast<std::size_t>(i), 'x'));
  }
  source.freeze({1});
  const std::vector<chunk> image = drain_all(source);
  REQUIRE(image.size() == 1);
  const auto load = [](const chunk& from) {
    keyed_table<std::string, std::string> table;
    return table.load(from, all_groups);
  };
  REQUIRE(load(image[0]).has_value());

  for (std::size_t size = 0; size < image[0].bytes.size(); ++size) {
    chunk cut = image[0];
    cut.bytes.resize(size);
    const result<void> loaded = load(cut);
    REQUIRE(!loaded.has_value());
    REQUIRE(loaded.error().code == error_code::corrupt);
  }
  for (std::size_t at = 0; at < image[0].bytes.size() * 8; ++at) {
    chunk flipped = image[0];
    flipped.bytes[at / 8] ^= std::byte{1} << (at % 8);
    const result<void> loaded =
        load(flipped);  // a changed value may well decode: checksums are the store's part
    if (!loaded.has_value()) REQUIRE(loaded.error().code == error_code::corrupt);
  }
  chunk wrong = image[0];
  wrong.kind = chunk_kind::elements;
  CHECK(!load(wrong).has_value());
  wrong = image[0];
  wrong.entries = std::numeric_limits<std::uint32_t>::max();
  CHECK(!load(wrong).has_value());
  wrong.entries = 49;
  CHECK(!load(wrong).has_value());
  wrong = image[0];
  wrong.groups = {0, 10};
  CHECK(!load(wrong).has_value());
}

TEST_CASE("values that cannot be copied are stored, moved at growth, and destroyed once") {
  struct counted {
    explicit counted(int* alive) : alive_(alive) { ++*alive_; }
    counted(counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
    ~counted() { --*alive_; }
    int* alive_;
  };
  int alive = 0;
  {
    detail::table_part<u64, counted> small(16, {});
    detail::table_part<u64, counted> large(64, {});
    using slot = table_slot<u64, counted>;
    for (u64 key : {u64{1}, u64{2}, reserved_a})
      small.place(key_hash(key), slot::want(0, key), counted(&alive));
    CHECK(alive == 3);
    for (std::size_t at = 0; at < small.slots(); ++at) small.move_to(large, at);
    CHECK(alive == 3);
    CHECK(large.find(key_hash(reserved_a), slot::want(0, reserved_a)) != nullptr);
    small.destroy_entries();
    CHECK(alive == 3);
    large.destroy_entries();
  }
  CHECK(alive == 0);
}
