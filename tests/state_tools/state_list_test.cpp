// SPDX-License-Identifier: Apache-2.0
// What a list says of checkpoints and what they share, and what verify finds in a directory with damage: as values, as text
// and as JSON.
#include "state_tools/state_list.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "state/lmdb_table.hpp"
#include "state/store_internals.hpp"
#include "state_tools/checkpoint_text.hpp"
#include "state_tools/state_verify.hpp"
#include "tests/state_tools/dumped_store.hpp"

namespace {

using namespace weir;
using test::dumped_store;
using test::open_store;
using test::printed_text;
using test::temp_directory;

stored_state opened(const std::filesystem::path& dir) {
  auto state = stored_state::open(dir);
  if (!state) FAIL(state.error().text());
  return std::move(*state);
}

/// Flips a bit of a stored value, behind the store's back.
void damage(const std::filesystem::path& dir, std::uint64_t key) {
  auto table = lmdb_table::open(dir / "snapshots.mdb", std::size_t{1} << 30).value();
  byte_vector bytes;
  REQUIRE(table->get(key, [&](auto value) -> result<void> {
    bytes.assign(value.begin(), value.end());
    return {};
  }));
  bytes.back() ^= std::byte{1};
  REQUIRE(table->begin());
  REQUIRE(table->put(key, bytes));
  REQUIRE(table->commit());
}

}  // namespace

TEST_CASE(
    "of each checkpoint: its size, what it shares and with whom, and whose images its deltas "
    "need") {
  const dumped_store store;
  const auto listing = list_checkpoints(opened(store.path())).value();

  CHECK(listing.job == "job");
  REQUIRE(listing.checkpoints.size() == 2);
  const auto& newest = listing.checkpoints[0];
  const auto& older = listing.checkpoints[1];
  CHECK_FALSE(listing.has_damage());
  CHECK(newest.epoch == epoch_id{2});
  CHECK(newest.bytes == newest.own_bytes + newest.shared_bytes);
  CHECK(newest.shared_bytes == 30 + 8 + 2);  // three words, two numbers, the price
  CHECK(newest.own_bytes == 2 + 20);         // one erased word, two words
  CHECK(newest.shares_with == std::vector<epoch_id>{{1}});
  CHECK(newest.images_of == std::vector<epoch_id>{{1}});
  CHECK(older.own_bytes == 0);
  CHECK(older.images_of.empty());
  CHECK(older.shares_with == std::vector<epoch_id>{{2}});
  REQUIRE(newest.states.size() == 3);
  CHECK(newest.states[0].name == "seen");
  CHECK(newest.states[0].deltas_max == 1);
}

TEST_CASE("as text and as JSON") {
  const dumped_store store;
  const auto listing = list_checkpoints(opened(store.path())).value();
  printed_text text;
  print_list(listing, value_style::text, text.output());
  CAPTURE(text.text());
  CHECK(
      text.has("2           periodic  1970-01-01 00:00:00.002 UTC  62 b  40 b with 1  of 1         "
               "complete"));
  CHECK(text.has("count     seen    map<string,i64>"));

  printed_text json;
  print_list(listing, value_style::json, json.output());
  const auto parsed = nlohmann::json::parse(json.text());
  CHECK(parsed["job"] == "job");
  CHECK(parsed["checkpoints"][0]["id"] == 2);
  CHECK(parsed["checkpoints"][0]["shares_with"] == nlohmann::json::array({1}));
  CHECK(parsed["checkpoints"][1]["own_bytes"] == 0);
}

TEST_CASE("an empty store lists nothing, and is sound") {
  const temp_directory temp;
  { open_store store(temp.path()); }
  printed_text text;
  print_list(list_checkpoints(opened(temp.path())).value(), value_style::text, text.output());
  CHECK(text.has("No checkpoint"));
  const auto found = verify_state(opened(temp.path()));
  REQUIRE(found);
  CHECK(found->sound());
}

TEST_CASE("verify: sound checkpoints") {
  const dumped_store store;
  const auto found = verify_state(opened(store.path()));
  REQUIRE(found);
  CHECK(found->sound());
  REQUIRE(found->checkpoints.size() == 2);
  CHECK(found->checkpoints[0].chunks == 5);
  printed_text text;
  print_verification(*found, value_style::text, text.output());
  CHECK(text.has("checkpoint 2: sound, 5 chunks of 62 b"));
}

TEST_CASE("verify: a damaged chunk is named in every checkpoint that needs it, and in no other") {
  const temp_directory temp;
  chunk_ref shared;
  {
    open_store store(temp.path());
    store.checkpoint(store.epoch(0));
    shared = store.put(store.epoch(1), 100, 3);
    const auto own = store.put(store.epoch(1), 100, 4);
    REQUIRE(store.complete(store.epoch(1), {shared, own}));
  }
  damage(temp.path(), detail::blob_key(shared.blob));

  const auto found = verify_state(opened(temp.path()));

  REQUIRE(found);
  CHECK_FALSE(found->sound());
  REQUIRE(found->checkpoints.size() == 2);
  REQUIRE(found->checkpoints[0].damage.size() == 1);
  CHECK(found->checkpoints[0].damage[0].find("operator count, subtask 0, state seen: blob " +
                                             std::to_string(shared.blob)) == 0);
  CHECK(found->checkpoints[1].damage.empty());
  printed_text json;
  print_verification(*found, value_style::json, json.output());
  CHECK(nlohmann::json::parse(json.text())["sound"] == false);
}

TEST_CASE("a damaged manifest is listed and verified as such") {
  const temp_directory temp;
  {
    open_store store(temp.path());
    store.checkpoint(store.epoch(0));
    store.checkpoint(store.epoch(1));
  }
  damage(temp.path(), detail::manifest_key({2}));

  const auto listing = list_checkpoints(opened(temp.path())).value();
  REQUIRE(listing.checkpoints.size() == 2);
  CHECK(listing.checkpoints[0].damage);
  CHECK_FALSE(listing.checkpoints[1].damage);
  printed_text text;
  print_list(listing, value_style::text, text.output());
  CHECK(text.has("damaged: checkpoint 2"));
  CHECK(listing.has_damage());

  const auto found = verify_state(opened(temp.path()));
  REQUIRE(found);
  CHECK_FALSE(found->sound());
  CHECK(found->checkpoints[0].damage.size() == 1);
}

TEST_CASE("times are printed in UTC, also impossible ones") {
  CHECK(print_utc(0) == "1970-01-01 00:00:00.000 UTC");
  CHECK(print_utc(1'795'424'400'123) == "2026-11-23 09:00:00.123 UTC");
  CHECK(print_utc(~std::uint64_t{0}).find("ms since 1970") != std::string::npos);
}
