// SPDX-License-Identifier: Apache-2.0
// Short words for the tests of keyed_table: put, get and erase by key, whole images, content as a
// map.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "weir/core/keyed_table.hpp"

namespace weir::test {

using u64 = std::uint64_t;
using i64 = std::int64_t;
using numbers = keyed_table<u64, i64>;

inline constexpr u64 reserved_a = u64{1} << 63;  // stored as 0, which means empty
inline constexpr u64 reserved_b = reserved_a + 1;
inline constexpr key_group_range all_groups{};

template <class V>
void put(keyed_table<u64, V>& table, u64 key, V value) {
  value_table<V>& seen = table;
  if (V* present = table.find(key_hash(key), &key)) {
    seen.touch(present);
    *present = std::move(value);
  } else {
    table.insert(key_hash(key), &key, std::move(value));
  }
}
template <class V>
V* get(keyed_table<u64, V>& table, u64 key) {
  return table.find(key_hash(key), &key);
}
inline bool erase(numbers& table, u64 key) {
  return table.erase(key_hash(key), &key);
}

/// The first `count` numbers whose hash lies between `first` and `last`, in 65536ths of the hash
/// space.
inline std::vector<u64> keys_between(u64 first, u64 last, std::size_t count) {
  std::vector<u64> keys;
  for (u64 key = 0; keys.size() < count; ++key) {
    const u64 part = key_hash(key) >> 48;
    if (first <= part && part <= last) keys.push_back(key);
  }
  return keys;
}

inline std::vector<chunk> drain_all(table_image& table) {
  std::vector<chunk> out;
  while (!table.drain(512, out)) {
  }
  return out;
}
inline std::vector<chunk> image_of(numbers& table, u64 epoch) {
  table.freeze({epoch});
  return drain_all(table);
}
inline std::map<u64, i64> content(const numbers& table) {
  std::map<u64, i64> seen;
  table.for_each([&](u64 key, i64 value) { CHECK(seen.emplace(key, value).second); });
  return seen;
}
inline void load_all(numbers& table, const std::vector<chunk>& chunks,
                     key_group_range mine = all_groups) {
  for (const chunk& part : chunks) REQUIRE(table.load(part, mine).has_value());
}
/// A table of `count` keys, restored as epoch 1: the next image may be a delta.
inline std::unique_ptr<numbers> table_at_epoch_1(u64 count) {
  auto table = std::make_unique<numbers>();
  table->reserve(count);
  for (u64 key = 0; key < count; ++key) put(*table, key, i64{1});
  table->restored({1});
  return table;
}

}  // namespace weir::test
