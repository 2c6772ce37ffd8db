// SPDX-License-Identifier: Apache-2.0
// The content of a state with its deltas applied: what a table of the engine writes at random (seed printed) is what is
// read back on bytes, chunk for chunk; and what is malformed is refused.
#include "state_tools/stored_entries.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/state/store_fixture.hpp"
#include "tests/support/seed.hpp"
#include "weir/core/codec.hpp"
#include "weir/core/keyed_table.hpp"
#include "weir/core/keyed_table_snapshots.hpp"

namespace {

using namespace weir;
using test::open_store;
using test::temp_directory;
using table = keyed_table<std::string, std::int64_t>;
using model = std::map<std::string, std::int64_t>;

void set(table& in, const std::string& key, std::int64_t value) {
  const auto hash = key_hash(key);
  if (auto* known = in.find(hash, &key)) {
    in.touch(known);
    *known = value;
  } else {
    in.insert(hash, &key, std::int64_t{value});
  }
}

model read_all(const snapshot_store& store, const state_snapshot& state) {
  const auto type = entry_type_of(state);
  REQUIRE(type);
  model found;
  const auto read = for_each_entry(store, state, *type, [&](stored_bytes key, stored_bytes value) {
    byte_reader keys(key);
    byte_reader values(value);
    CHECK(found.emplace(std::string(keys.text()), values.scalar<std::int64_t>()).second);
    CHECK((keys.at_end() && values.at_end()));
    return true;
  });
  if (!read) FAIL(read.error().text());
  return found;
}

state_snapshot state_of(std::string schema, std::vector<chunk_ref> chunks) {
  state_snapshot made;
  made.name = "seen";
  made.schema = std::move(schema);
  made.chunks = std::move(chunks);
  return made;
}

}  // namespace

TEST_CASE("image and deltas of a table give what the table held at each checkpoint") {
  const std::uint64_t seed = test::print_seed();
  std::mt19937_64 random(seed);
  const temp_directory temp;
  open_store store(temp.path());
  table live;
  model now;
  state_snapshot before;
  int deltas = 0;
  int erased = 0;
  for (std::uint64_t i = 0; i < 12; ++i) {
    for (std::uint64_t n = i == 0 ? 60'000 : random() % 40; n != 0; --n) {
      const std::string key = "k" + std::to_string(random() % 70'000);
      if (random() % 4 == 0) {
        live.erase(key_hash(key), &key);
        now.erase(key);
      } else {
        now[key] = static_cast<std::int64_t>(random());
        set(live, key, now[key]);
      }
    }
    for (int block = 0; block < 1'000; ++block) live.begin_block();  // what has grown is moved
    const epoch_id epoch = store.epoch(i);
    live.freeze(epoch);
    std::vector<chunk> chunks;
    while (!live.drain(1'000, chunks)) {
    }
    const image_info image = live.image();
    state_snapshot state =
        state_of("map<string,i64>", image.full ? std::vector<chunk_ref>() : before.chunks);
    state.full = image.full;
    state.base = image.full ? epoch_id{} : (before.full ? store.epoch(i - 1) : before.base);
    for (const chunk& piece : chunks) {
      erased += piece.kind == chunk_kind::erased ? 1 : 0;
      state.chunks.push_back(store->put(epoch, piece).value());
    }
    auto done = store.manifest_of(epoch, state.chunks);
    REQUIRE(store->complete(done));
    live.complete(epoch);
    deltas += image.full ? 0 : 1;

    CHECK(read_all(*store.operator->(), state) == now);
    before = state;
  }
  CHECK(deltas > 3);
  CHECK(erased > 0);
}

TEST_CASE("reading ends when nobody wants more") {
  const temp_directory temp;
  open_store store(temp.path());
  chunk piece;
  byte_writer out(piece.bytes);
  for (std::int64_t i = 0; i < 10; ++i) {
    out.scalar(i);
    out.scalar(i);
  }
  piece.entries = 10;
  const auto state = state_of("map<i64,i64>", {store->put(store.epoch(0), piece).value()});
  int seen = 0;
  CHECK(for_each_entry(*store.operator->(), state, entry_type_of(state).value(),
                       [&](stored_bytes, stored_bytes) { return ++seen < 3; }));
  CHECK(seen == 3);
}

TEST_CASE("chunks that do not hold what their schema says are named") {
  const temp_directory temp;
  open_store store(temp.path());
  chunk piece;
  byte_writer out(piece.bytes);
  out.text("a");
  out.scalar(std::int64_t{1});
  piece.entries = 1;

  SUBCASE("fewer entries") {
    piece.entries = 2;
  }
  SUBCASE("bytes left over") {
    piece.bytes.push_back({});
  }
  SUBCASE("cut") {
    piece.bytes.pop_back();
  }

  const auto state = state_of("map<string,i64>", {store->put(store.epoch(0), piece).value()});
  const auto read = for_each_entry(*store.operator->(), state, entry_type_of(state).value(),
                                   [](stored_bytes, stored_bytes) { return true; });
  REQUIRE_FALSE(read);
  CHECK(read.error().code == error_code::corrupt);
  CHECK(read.error().message.find("blob 1 of state 'seen'") != std::string::npos);
}

TEST_CASE("a type of the application's own cannot be told apart, and is named") {
  const auto type = entry_type_of(state_of("map<string,money_v1>", {}));
  REQUIRE_FALSE(type);
  CHECK(type.error().code == error_code::incompatible);
  CHECK(type.error().message.find("map<string,money_v1>") != std::string::npos);
  CHECK(entry_type_of(state_of("map<", {})).error().code == error_code::corrupt);
  CHECK_FALSE(entry_type_of(state_of("i64", {})));
}
