// SPDX-License-Identifier: Apache-2.0
// The reader that looks at a table without LMDB: against the table itself after random work (seed printed), beside one that
// is being written, and on files that are none.
#include "state/lmdb_reader.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "state/lmdb_table.hpp"
#include "tests/state/store_fixture.hpp"
#include "tests/support/seed.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using content = std::map<std::uint64_t, byte_vector>;

std::unique_ptr<lmdb_table> make_table(const fs::path& dir) {
  REQUIRE(lmdb_table::create(dir, 0, byte_vector(10)));
  auto opened = lmdb_table::open(dir, std::size_t{1} << 30);
  if (!opened) FAIL(opened.error().text());
  return std::move(*opened);
}

std::unique_ptr<lmdb_reader> look_at(const lmdb_table& table) {
  auto opened = lmdb_reader::open(table.data_file());
  if (!opened) FAIL(opened.error().text());
  return std::move(*opened);
}

content content_of(const lmdb_reader& reader) {
  content found;
  const std::vector<std::uint64_t> keys = reader.keys().value();
  for (const std::uint64_t key : keys) {
    const auto read = reader.get(key, [&](store_table::bytes_view value) -> result<void> {
      found[key] = byte_vector(value.begin(), value.end());
      return {};
    });
    REQUIRE(read);
  }
  return found;
}

/// Small ones lie beside their keys, large ones on pages of their own. Each says whose it is.
byte_vector value_of(std::uint64_t key, std::size_t size) {
  byte_vector value(16 + size, static_cast<std::byte>(key));
  const std::uint64_t check = hash_bytes(value.data() + 16, size);
  std::memcpy(value.data(), &key, 8);
  std::memcpy(value.data() + 8, &check, 8);
  return value;
}
bool is_value_of(std::uint64_t key, store_table::bytes_view value) {
  std::uint64_t said[2] = {};
  if (value.size() < sizeof said) return false;
  std::memcpy(said, value.data(), sizeof said);
  return said[0] == key && said[1] == hash_bytes(value.data() + 16, value.size() - 16);
}

/// One commit that adds, replaces and erases some entries.
void change(lmdb_table& table, content& model, std::mt19937_64& random) {
  REQUIRE(table.begin());
  for (std::uint64_t n = 1 + random() % 40; n != 0; --n) {
    const std::uint64_t key = 1 + random() % 200;
    if (random() % 3 == 0) {
      REQUIRE(table.erase(key));
      model.erase(key);
    } else {
      model[key] = value_of(key, random() % 2 == 0 ? random() % 20'000 : random() % 300);
      REQUIRE(table.put(key, model[key]));
    }
  }
  REQUIRE(table.commit());
}

}  // namespace

TEST_CASE("it finds what the table holds, whatever was done to it") {
  std::mt19937_64 random(test::print_seed());
  const test::temp_directory temp;
  const auto table = make_table(temp.path() / "t");
  content model{{0, byte_vector(10)}};
  for (int i = 0; i < 60; ++i) {
    change(*table, model, random);
    const auto reader = look_at(*table);
    REQUIRE(content_of(*reader) == model);
    CHECK_FALSE(reader->has_moved_on());
  }
}

TEST_CASE(
    "what it found before a commit is still good after it; after more it says that it may not be") {
  std::mt19937_64 random(test::print_seed());
  const test::temp_directory temp;
  const auto table = make_table(temp.path() / "t");
  content model{{0, byte_vector(10)}};
  int moved = 0;
  int overwritten = 0;
  for (int i = 0; i < 80; ++i) {
    const auto reader = look_at(*table);
    const content before = model;
    for (std::uint64_t commits = random() % 5; commits != 0; --commits)
      change(*table, model, random);
    if (reader->has_moved_on()) {
      ++moved;
      overwritten += content_of(*reader) != before ? 1 : 0;
    } else {
      CHECK(content_of(*reader) == before);
    }
  }
  CHECK(moved > 0);
  CHECK(overwritten > 0);  // so that it is right to ask
}

TEST_CASE(
    "beside a thread that commits as fast as it can, it opens, and reads no wrong value "
    "unnoticed") {
  const std::uint64_t seed = test::print_seed();
  const test::temp_directory temp;
  const auto table = make_table(temp.path() / "t");
  content model;
  std::mt19937_64 first(seed);
  change(*table, model, first);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::mt19937_64 random(seed);
    while (!stop.load()) change(*table, model, random);
  });
  int opened = 0;
  int read = 0;
  for (int i = 0; i < 200; ++i) {
    const auto reader = lmdb_reader::open(table->data_file());
    if (!reader) {
      CHECK(reader.error().code == error_code::in_use);
      continue;
    }
    ++opened;
    const std::vector<std::uint64_t> keys = (*reader)->keys().value();
    for (const std::uint64_t key : keys) {
      if (key == 0) continue;
      const auto good = (*reader)->get(key, [&](store_table::bytes_view value) -> result<void> {
        if (is_value_of(key, value)) return {};
        return error{error_code::corrupt, "another value"};
      });
      if (!good) {
        CHECK((*reader)->has_moved_on());
        break;
      }
      ++read;
    }
  }
  stop = true;
  writer.join();
  CHECK(opened > 0);
  CHECK(read > 0);
}

TEST_CASE("it writes nothing, and refuses to") {
  const test::temp_directory temp;
  const auto table = make_table(temp.path() / "t");
  const auto reader = look_at(*table);

  CHECK(reader->begin().error().code == error_code::invalid_argument);
  CHECK(reader->put(1, {}).error().code == error_code::invalid_argument);
  CHECK(reader->append(1, 1).error().code == error_code::invalid_argument);
  CHECK(reader->erase(0).error().code == error_code::invalid_argument);
  CHECK(reader->commit().error().code == error_code::invalid_argument);
  CHECK(reader->get(5, [](auto) { return result<void>(); }).error().code == error_code::not_found);
}

TEST_CASE("a file that is no table is damaged, one that is not there cannot be read") {
  const test::temp_directory temp;
  const fs::path file = temp.path() / "data.mdb";
  CHECK_FALSE(lmdb_reader::open(file));
  std::ofstream(file) << std::string(10'000, 'x');
  const auto opened = lmdb_reader::open(file);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == error_code::corrupt);
  CHECK(opened.error().message.find(file.string()) != std::string::npos);
}

}  // namespace weir
