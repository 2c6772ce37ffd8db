// SPDX-License-Identifier: Apache-2.0
// A state directory seen from outside: what is found in it, which directories are refused with which words, that not a
// byte changes, and what happens beside the job that uses it.
#include "state/stored_state.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "serialization/frame.hpp"
#include "state/lmdb_table.hpp"
#include "state/store_internals.hpp"
#include "tests/state/store_fixture.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using test::open_store;
using test::temp_directory;

/// Every file below, with its content.
std::map<std::string, std::string> files_below(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().string()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

error refusal_of(const fs::path& dir) {
  const auto opened = stored_state::open(dir);
  if (opened) FAIL("was opened");
  return opened.error();
}

/// Puts a value under a key of a store's table, behind the store's back.
void plant(const fs::path& dir, std::uint64_t key, const byte_vector& value) {
  auto table = lmdb_table::open(dir / "snapshots.mdb", std::size_t{1} << 30);
  REQUIRE(table);
  REQUIRE((*table)->begin());
  REQUIRE((*table)->put(key, value));
  REQUIRE((*table)->commit());
}

}  // namespace

TEST_CASE("it finds what the job left, and not a byte changes") {
  const temp_directory temp;
  std::vector<std::uint64_t> epochs;
  {
    open_store store(temp.path());
    for (std::uint64_t i = 0; i < 3; ++i) store.checkpoint(store.epoch(i), 5'000 * i + 10);
    epochs = store.epochs();
  }
  const auto before = files_below(temp.path());

  auto state = stored_state::open(temp.path());

  REQUIRE(state);
  CHECK(state->job() == "job");
  CHECK(state->orphans().empty());
  std::vector<std::uint64_t> found;
  for (const auto& info : state->store().checkpoints()) found.push_back(info.epoch.value);
  CHECK(found == epochs);
  CHECK(state->store().verify(state->store().latest().value()));
  CHECK(state->check_poison());
  CHECK(state->store().begin_term().error().code == error_code::invalid_argument);
  CHECK(files_below(temp.path()) == before);
}

TEST_CASE("what is no state directory is refused by name, and nothing is made of it") {
  const temp_directory temp;

  SUBCASE("nothing there") {
    const auto why = refusal_of(temp.path() / "nowhere");
    CHECK(why.code == error_code::not_found);
    CHECK(why.message.find("nowhere does not exist") != std::string::npos);
    CHECK_FALSE(fs::exists(temp.path() / "nowhere"));
  }
  SUBCASE("an empty directory") {
    const auto why = refusal_of(temp.path());
    CHECK(why.code == error_code::not_found);
    CHECK(why.message.find("holds no snapshots.mdb") != std::string::npos);
    CHECK(fs::is_empty(temp.path()));
  }
  SUBCASE("a text file") {
    const fs::path file = temp.path() / "text";
    std::ofstream(file) << "hello";
    const auto why = refusal_of(file);
    CHECK(why.code == error_code::not_found);
    CHECK(why.message.find("is a file, expected a state directory") != std::string::npos);
  }
  SUBCASE("a text file in the store's place") {
    fs::create_directories(temp.path() / "snapshots.mdb");
    std::ofstream(test::data_file_of(temp.path())) << std::string(5000, 'x');
    CHECK(refusal_of(temp.path()).code == error_code::corrupt);
  }
  SUBCASE("somebody else's LMDB") {
    REQUIRE(lmdb_table::create(temp.path() / "snapshots.mdb", 77, byte_vector(10)));
    const auto why = refusal_of(temp.path());
    CHECK(why.code == error_code::corrupt);
    CHECK(why.message.find("the superblock is missing") != std::string::npos);
  }
}

TEST_CASE("a newer format is told from damage") {
  const temp_directory temp;
  { open_store(temp.path()).checkpoint({1}); }

  SUBCASE("of the store") {
    byte_vector bytes;
    byte_writer out(bytes);
    out.scalar(std::uint32_t{2});
    out.text("job");
    plant(temp.path(), detail::superblock_key, seal(bytes));
    const auto why = refusal_of(temp.path());
    CHECK(why.code == error_code::incompatible);
    CHECK(why.message.find("version 2, this program reads up to version 1") != std::string::npos);
  }
  SUBCASE("of a frame") {
    byte_vector frame = seal(byte_vector(8));
    frame[4] = std::byte{2};
    plant(temp.path(), detail::superblock_key, frame);
    CHECK(refusal_of(temp.path()).code == error_code::incompatible);
  }
  SUBCASE("damage") {
    byte_vector frame = seal(byte_vector(8));
    frame[30] ^= std::byte{1};
    plant(temp.path(), detail::superblock_key, frame);
    CHECK(refusal_of(temp.path()).code == error_code::corrupt);
  }
  SUBCASE("of one checkpoint: the others can be read") {
    byte_vector frame = seal(byte_vector(8));
    frame[4] = std::byte{2};
    plant(temp.path(), detail::manifest_key({1}), frame);
    const auto state = stored_state::open(temp.path());
    REQUIRE(state);
    REQUIRE(state->store().checkpoints().size() == 1);
    REQUIRE(state->store().checkpoints()[0].damage);
    CHECK(state->store().checkpoints()[0].damage->code == error_code::incompatible);
  }
}

TEST_CASE("damaged poison records are found, although a restart does without them") {
  const temp_directory temp;
  { open_store(temp.path()).checkpoint({1}); }
  plant(temp.path(), detail::poison_key, byte_vector(50));

  const auto state = stored_state::open(temp.path());

  REQUIRE(state);
  CHECK(state->check_poison().error().code == error_code::corrupt);
}

TEST_CASE("chunks of a checkpoint that was never completed are orphans") {
  const temp_directory temp;
  store_options options;
  options.transaction_bytes_max = 10'000;
  {
    open_store store(temp.path(), options);
    store.checkpoint(store.epoch(0));
    store.put(store.epoch(1), 9'000, 1);
    store.put(store.epoch(1), 9'000, 2);  // commits the one before
  }
  const auto state = stored_state::open(temp.path());
  REQUIRE(state);
  CHECK(state->orphans().size() == 1);
}

TEST_CASE(
    "a running job is not disturbed, and what it took away meanwhile is its doing, not damage") {
  const temp_directory temp;
  open_store job(temp.path());  // holds the directory's lock
  job.checkpoint(job.epoch(0), 50'000);
  job.checkpoint(job.epoch(1), 50'000);

  const auto state = stored_state::open(temp.path());
  REQUIRE(state);
  const auto seen = state->store().latest();
  REQUIRE(seen);
  CHECK(state->store().verify(*seen));
  CHECK_FALSE(state->has_moved_on());

  for (std::uint64_t i = 2; i < 9; ++i) job.checkpoint(job.epoch(i), 50'000);

  CHECK(state->has_moved_on());
  const auto late = state->store().verify(*seen);
  REQUIRE_FALSE(late);  // its pages hold something else by now
  const error why = state->explain(late.error());
  CHECK(why.code == error_code::in_use);
  CHECK(why.message.find("num-retained") != std::string::npos);
  CHECK(job->verify(job->latest().value()));
}

TEST_CASE("what is held stays readable whatever the job does; too much is not held") {
  const temp_directory temp;
  open_store job(temp.path());
  const chunk_ref first = job.checkpoint(job.epoch(0), 50'000);
  const chunk_ref second = job.checkpoint(job.epoch(1), 50'000);
  auto state = stored_state::open(temp.path());
  REQUIRE(state);

  REQUIRE(state->hold({first}, 50'000));
  REQUIRE(state->hold({first, second}, 99'999));
  for (std::uint64_t i = 2; i < 9; ++i) job.checkpoint(job.epoch(i), 50'000);

  CHECK(state->store().read(first));
  CHECK_FALSE(state->store().read(second));
  // Too late is told at once, not when it is read.
  CHECK(state->hold({second}, 50'000).error().code == error_code::in_use);
}

TEST_CASE(
    "a look at what a running job took away is repeated, at what is there by then; a bounded "
    "number of times") {
  const temp_directory temp;
  open_store job(temp.path());
  job.checkpoint(job.epoch(0), 50'000);
  int looks = 0;

  SUBCASE("the second succeeds") {
    const auto seen = stored_state::look_at(temp.path(), [&](stored_state& state) -> result<int> {
      const auto newest = state.store().latest().value();
      if (++looks == 1) {
        for (std::uint64_t i = 1; i < 9; ++i) job.checkpoint(job.epoch(i), 50'000);
      }
      if (auto sound = state.store().verify(newest); !sound) return state.explain(sound.error());
      return static_cast<int>(newest.epoch.value - job.epoch(0).value);
    });
    CHECK(seen.value() == 8);
    CHECK(looks == 2);
  }
  SUBCASE("none succeeds") {
    const auto seen = stored_state::look_at(temp.path(), [&](stored_state&) -> result<int> {
      ++looks;
      return error{error_code::in_use, "taken away"};
    });
    CHECK(seen.error().code == error_code::in_use);
    CHECK(looks == 20);
  }
  SUBCASE("another error is no reason to look again") {
    const auto seen = stored_state::look_at(temp.path(), [&](stored_state&) -> result<int> {
      ++looks;
      return error{error_code::corrupt, "damaged"};
    });
    CHECK(seen.error().code == error_code::corrupt);
    CHECK(looks == 1);
  }
}

}  // namespace weir
