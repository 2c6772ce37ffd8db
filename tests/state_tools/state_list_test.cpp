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

TEST_CASE("of each state: the sum over its tasks and chunks") {
  const temp_directory temp;
  store_options options;
  options.transaction_bytes_max = 10'000;
  open_store store(temp.path(), options);
  auto made = store.manifest_of(store.epoch(0), {store.put(store.epoch(0), 100, 1)});
  made.tasks.push_back(made.tasks[0]);
  made.tasks[1].subtask = 1;
  made.tasks[1].operators[0].states[0].chunks = {store.put(store.epoch(0), 200, 2),
                                                 store.put(store.epoch(0), 300, 3)};
  made.tasks[0].operators[0].states[0].entries = 7;
  made.tasks[1].operators[0].states[0].entries = 8;
  made.finished = true;
  REQUIRE(store->complete(made));
  store.put(store.epoch(1), 9'000, 1);  // of a checkpoint that is under way
  store.put(store.epoch(1), 9'000, 2);  // commits the one before

  const auto state = opened(temp.path());
  const auto listing = list_checkpoints(state).value();

  REQUIRE(listing.checkpoints.size() == 1);
  const auto& one = listing.checkpoints[0];
  CHECK(one.bytes == 600);
  CHECK(one.chunks == 3);
  CHECK(one.finished);
  REQUIRE(one.states.size() == 1);
  CHECK(one.states[0].bytes == 600);
  CHECK(one.states[0].entries == 15);
  CHECK(one.states[0].tasks == 2);
  CHECK(listing.orphans == 1);
  CHECK(listing.file_bytes == std::filesystem::file_size(test::data_file_of(temp.path())));
  CHECK(listing.free_bytes == state.file().free_pages * 4096);
  CHECK(state.file().free_pages > 0);
}

TEST_CASE("what a running job takes away meanwhile is no damage: list and verify say so") {
  const temp_directory temp;
  open_store job(temp.path());
  for (std::uint64_t i = 0; i < 2; ++i) job.checkpoint(job.epoch(i), 50'000);
  const auto state = opened(temp.path());
  for (std::uint64_t i = 2; i < 16; ++i) job.checkpoint(job.epoch(i), 5'000);

  const auto listed = list_checkpoints(state);
  REQUIRE_FALSE(listed);
  CHECK(listed.error().code == error_code::in_use);
  const auto verified = verify_state(state);
  REQUIRE_FALSE(verified);
  CHECK(verified.error().code == error_code::in_use);
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
  CHECK(text.has("count     seen    -        52 b  1      1       map<string,i64>"));

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

TEST_CASE(
    "verify: of many damaged chunks the first are named; poison records are looked at as well") {
  const temp_directory temp;
  std::vector<chunk_ref> refs;
  {
    open_store store(temp.path());
    for (unsigned i = 0; i < damage_named_max + 5; ++i)
      refs.push_back(store.put(store.epoch(0), 100, i));
    REQUIRE(store.complete(store.epoch(0), refs));
    REQUIRE(store->keep_poison(byte_vector(8)));
  }
  damage(temp.path(), detail::poison_key);
  const auto poisoned = verify_state(opened(temp.path()));
  REQUIRE(poisoned);
  CHECK_FALSE(poisoned->sound());
  CHECK(poisoned->damage.size() == 1);
  CHECK(poisoned->checkpoints[0].damage.empty());

  for (const chunk_ref& ref : refs) damage(temp.path(), detail::blob_key(ref.blob));
  const auto found = verify_state(opened(temp.path()));
  REQUIRE(found);
  REQUIRE(found->checkpoints[0].damage.size() == damage_named_max + 1);
  CHECK(found->checkpoints[0].damage.back() == "and more");
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

  printed_text json;
  print_list(listing, value_style::json, json.output());
  const std::string said = nlohmann::json::parse(json.text())["checkpoints"][0]["damage"];
  CHECK(said.find("checkpoint 2") != std::string::npos);

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
