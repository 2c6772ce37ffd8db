// SPDX-License-Identifier: Apache-2.0
// Crashes and damage. A crash is a copy of the directory at some moment (what is durable is what a
// copy sees, as the store never writes in place what the last commit refers to); damage is done to
// the file. Whatever the bytes: the store opens and gives what checks out, or refuses with a named
// error; the process survives.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "serialization/frame.hpp"
#include "state/lmdb_table.hpp"
#include "state/snapshot_store.hpp"
#include "tests/state/store_fixture.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using test::data_file_of;
using test::open_store;
using test::temp_directory;

std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spill(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

result<std::unique_ptr<snapshot_store>> reopen(const fs::path& dir) {
  return snapshot_store::open(dir, {}, "job", [] { return std::uint64_t{0}; });
}

bool is_named(const error& found) {
  return found.code == error_code::corrupt || found.code == error_code::incompatible ||
         found.code == error_code::not_found;
}

/// Everything that a restart and two checkpoints do. True if it went through; else the errors were
/// named ones.
bool exercise(const fs::path& dir) {
  auto opened = reopen(dir);
  if (!opened) {
    CHECK(is_named(opened.error()));
    CHECK(opened.error().message.find("data.mdb") != std::string::npos);
    return false;
  }
  snapshot_store& store = **opened;
  std::vector<error> damaged;
  const auto found = store.newest_valid(damaged);
  for (const error& one : damaged) CHECK(is_named(one));
  if (!found) CHECK(is_named(found.error()));
  const terms term = store.begin_term().value();
  for (std::uint64_t i = 0; i < 3; ++i) {
    manifest next = found ? *found : manifest{};
    next.job = "job";
    next.epoch = {term.first_epoch.value + i};
    next.attempt = term.first_attempt;
    next.fence = term.fence;
    const auto ref = store.put(next.epoch, test::make_chunk(30'000, 1));
    REQUIRE(ref);
    if (!next.tasks.empty()) next.tasks[0].operators[0].states[0].chunks.push_back(*ref);
    REQUIRE(store.complete(next));
    CHECK(store.verify(store.latest().value()));
  }
  return found && damaged.empty();
}

/// A few checkpoints with inline and large values, a delta chain and a free list.
void fill(const fs::path& dir) {
  open_store store(dir);
  for (std::uint64_t i = 0; i < 4; ++i) {
    std::vector<chunk_ref> refs;
    for (unsigned n = 0; n < 3; ++n) refs.push_back(store.put(store.epoch(i), 100 + 5'000 * n, n));
    REQUIRE(store.complete(store.epoch(i), refs));
  }
}

/// Opens the directory `copy` with `bytes` as its data file.
bool exercise_with(const fs::path& copy, std::string_view bytes) {
  fs::create_directories(copy / "snapshots.mdb");
  spill(data_file_of(copy), bytes);
  return exercise(copy);
}

}  // namespace

TEST_CASE(
    "a crash at any moment leaves the newest complete checkpoint and no number that is used "
    "again") {
  const temp_directory temp;
  const fs::path dir = temp.path() / "live";
  store_options options;
  options.transaction_bytes_max = 20'000;  // several commits a checkpoint
  open_store store(dir, options);
  std::vector<chunk_ref> previous;
  int crash = 0;
  const auto crash_here = [&](std::size_t completed) {
    const fs::path copy = temp.path() / std::to_string(++crash);
    fs::copy(dir, copy, fs::copy_options::recursive);
    auto opened = reopen(copy);
    if (!opened) FAIL(opened.error().text());
    const auto list = (*opened)->checkpoints();
    CHECK(list.size() == std::min<std::size_t>(completed, 2));
    if (completed > 0) {
      CHECK(list[0].epoch == store.epoch(completed - 1));
      CHECK((*opened)->verify((*opened)->latest().value()));
    }
    const terms next = (*opened)->begin_term().value();
    CHECK(next.first_epoch.value >= store.term().first_epoch.value + store.term().block);
    CHECK(next.fence > store.term().fence);
  };
  crash_here(0);
  for (std::uint64_t i = 0; i < 4; ++i) {
    std::vector<chunk_ref> refs = previous;
    if (i % 2 == 0) refs.clear();
    for (unsigned n = 0; n < 5; ++n) {
      refs.push_back(store.put(store.epoch(i), 9'000, n));
      crash_here(i);
    }
    REQUIRE(store.complete(store.epoch(i), refs));
    crash_here(i + 1);
    previous = refs;
  }
}

TEST_CASE("blobs of a checkpoint that a crash cut off are removed by the next term") {
  const temp_directory temp;
  store_options options;
  options.transaction_bytes_max = 10'000;
  chunk_ref orphan;
  {
    open_store store(temp.path(), options);
    store.checkpoint(store.epoch(0));
    orphan = store.put(store.epoch(1), 9'000, 1);
    store.put(store.epoch(1), 9'000, 2);  // commits the one before
  }
  {
    const auto opened = reopen(temp.path());
    CHECK((*opened)->read(orphan));  // opening changes nothing
  }
  open_store store(temp.path());
  CHECK(store->read(orphan).error().code == error_code::not_found);
  CHECK(store->verify(store->latest().value()));
}

TEST_CASE("an interrupted creation is begun again") {
  const temp_directory temp;
  fs::create_directories(temp.path() / "snapshots.mdb.new");
  spill(temp.path() / "snapshots.mdb.new" / "data.mdb", "half");
  open_store store(temp.path());
  CHECK(store->checkpoints().empty());
}

TEST_CASE("a file with any single byte changed opens with what checks out, or is refused by name") {
  const temp_directory temp;
  fill(temp.path() / "original");
  const std::string original = slurp(data_file_of(temp.path() / "original"));
  const char* given = std::getenv("WEIR_TEST_STEP");  // 1: every byte
  const std::size_t step = given != nullptr ? std::strtoull(given, nullptr, 10) : 97;
  std::mt19937_64 random(1);
  int refused = 0;
  int accepted = 0;
  for (std::size_t at = 0; at < original.size(); at += step) {
    CAPTURE(at);
    std::string damaged = original;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    ++(exercise_with(temp.path() / "copy", damaged) ? accepted : refused);
  }
  MESSAGE("of single changed bytes ", refused, " were noticed, ", accepted, " lay in unused space");
  CHECK(refused > 0);
}

TEST_CASE("a file with many random changes opens with what checks out, or is refused by name") {
  const std::uint64_t seed = test::test_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const temp_directory temp;
  fill(temp.path() / "original");
  const std::string original = slurp(data_file_of(temp.path() / "original"));
  for (int round = 0; round < 300; ++round) {
    std::string damaged = original;
    const std::size_t page = random() % (original.size() / 4096) * 4096;
    for (std::uint64_t n = 1 + random() % 6; n != 0; --n) {
      const std::size_t at = random() % 2 == 0 ? page + random() % 4096 : random() % damaged.size();
      damaged[at] = static_cast<char>(random());
    }
    if (random() % 8 == 0)
      std::copy_n(original.begin() + static_cast<long>(random() % (original.size() / 4096) * 4096),
                  4096, damaged.begin() + static_cast<long>(page));
    exercise_with(temp.path() / "copy", damaged);
  }
}

TEST_CASE("a truncated file is corrupt, unless only free pages are gone") {
  const temp_directory temp;
  fill(temp.path() / "original");
  const std::string original = slurp(data_file_of(temp.path() / "original"));
  for (std::size_t size = 0; size < original.size(); size += 512) {
    CAPTURE(size);
    const bool whole =
        exercise_with(temp.path() / "copy", std::string_view(original).substr(0, size));
    if (size <= original.size() / 2) CHECK(!whole);
  }
}

TEST_CASE("foreign files are refused with the file's name") {
  const temp_directory temp;
  const fs::path dir = temp.path() / "state";
  std::string bytes;
  auto expected = error_code::corrupt;
  SUBCASE("empty") {}
  SUBCASE("zeroes") {
    bytes.assign(100'000, '\0');
  }
  SUBCASE("text") {
    for (int i = 0; i < 5000; ++i) bytes += "it was the best of times\n";
  }
  SUBCASE("a newer LMDB") {
    fill(dir);
    bytes = slurp(data_file_of(dir));
    bytes[16 + 4] = 2;
    expected = error_code::incompatible;
  }
  fs::create_directories(dir / "snapshots.mdb");
  spill(data_file_of(dir), bytes);
  const auto opened = reopen(dir);
  REQUIRE(!opened);
  CHECK(opened.error().code == expected);
  CHECK(opened.error().message.find(data_file_of(dir).string()) != std::string::npos);
}

TEST_CASE("a store without its data file is corrupt, not new") {
  const temp_directory temp;
  fill(temp.path());
  fs::remove(data_file_of(temp.path()));
  CHECK(reopen(temp.path()).error().code == error_code::corrupt);
}

TEST_CASE("a store of a newer version is incompatible") {
  const temp_directory temp;
  byte_vector superblock;
  byte_writer out(superblock);
  out.scalar(std::uint32_t{99});
  out.text("job");
  { REQUIRE(lmdb_table::create(temp.path() / "snapshots.mdb", 0, seal(superblock))); }
  const auto opened = reopen(temp.path());
  REQUIRE(!opened);
  CHECK(opened.error().code == error_code::incompatible);
  CHECK(opened.error().message.find("99") != std::string::npos);
}

TEST_CASE("a damaged newest checkpoint is named, kept, and not used; the older one is found") {
  const temp_directory temp;
  const fs::path dir = temp.path();
  epoch_id newest;
  epoch_id older;
  chunk_ref damaged_blob;
  bool blob_is_damaged = false;
  {
    open_store store(dir);
    store.checkpoint(store.epoch(0), 9'000);
    damaged_blob = store.checkpoint(store.epoch(1), 9'000);
    older = store.epoch(0);
    newest = store.epoch(1);
  }
  {
    auto table = lmdb_table::open(dir / "snapshots.mdb", 1 << 30).value();
    REQUIRE(table->begin());
    SUBCASE("its manifest") {
      REQUIRE(table->put(std::uint64_t{1} << 56 | newest.value, byte_vector(300, std::byte{1})));
    }
    SUBCASE("a blob that is gone") {
      REQUIRE(table->erase(std::uint64_t{2} << 56 | damaged_blob.blob));
    }
    SUBCASE("a blob") {
      REQUIRE(
          table->put(std::uint64_t{2} << 56 | damaged_blob.blob, byte_vector(9'032, std::byte{1})));
      blob_is_damaged = true;
    }
    REQUIRE(table->commit());
  }
  open_store store(dir);
  if (!blob_is_damaged) {
    CHECK(store->latest().error().code == error_code::corrupt);
    CHECK(store->latest().error().message.find("checkpoint " + to_string(newest)) !=
          std::string::npos);
    CHECK(store->checkpoints()[0].damage);
  }
  std::vector<error> damaged;
  CHECK(store->newest_valid(damaged).value().epoch == older);
  REQUIRE(damaged.size() == 1);
  CHECK(damaged[0].code == error_code::corrupt);
  CHECK(store->released_up_to() == newest);  // P18: its output may be out

  store.checkpoint(store.epoch(0));
  CHECK(store->load(older));
  store.checkpoint(store.epoch(1));
  store.checkpoint(store.epoch(2));
  CHECK(store.epochs() == std::vector<std::uint64_t>{store.epoch(2).value, store.epoch(1).value});
}

TEST_CASE("blobs that a manifest of a newer version may need are kept while it is") {
  const temp_directory temp;
  chunk_ref ref;
  {
    open_store store(temp.path());
    ref = store.checkpoint(store.epoch(0));
    store.put(store.epoch(1), 10, 1);
  }
  {
    auto table = lmdb_table::open(temp.path() / "snapshots.mdb", 1 << 30).value();
    REQUIRE(table->begin());
    auto bytes = seal(byte_vector(80));
    bytes[4] = std::byte{7};  // a frame version of the future
    REQUIRE(table->put(std::uint64_t{1} << 56 | 1, bytes));
    REQUIRE(table->commit());
  }
  open_store store(temp.path());
  CHECK(store->latest().error().code == error_code::incompatible);
  CHECK(store->read(ref));
  store.checkpoint(store.epoch(0));
  CHECK(store->read(ref));
  store.checkpoint(store.epoch(1));
  CHECK(!store->read(ref));
}

TEST_CASE(
    "a write that fails loses its transaction's blobs: their epoch cannot complete, the next one "
    "can") {
  const temp_directory temp;
  store_options options;
  options.map_bytes = 1 << 20;
  options.transaction_bytes_max = std::size_t{8} << 20;  // one transaction
  open_store store(temp.path(), options);
  store.checkpoint(store.epoch(0));
  const chunk_ref lost = store.put(store.epoch(1), 1000, 1);
  const auto full = store->put(store.epoch(1), test::make_chunk(2 << 20, 1));
  REQUIRE(!full);
  CHECK(full.error().code == error_code::no_space);

  const auto after = store.put(store.epoch(1), 1000, 1);
  CHECK(after.blob > lost.blob);
  CHECK(store.complete(store.epoch(1), {lost, after}).error().code == error_code::not_found);
  store->abandon(store.epoch(1));

  for (std::uint64_t i = 2; i < 6; ++i) store.checkpoint(store.epoch(i), 100'000);
  CHECK(store->verify(store->latest().value()));
}

}  // namespace weir
