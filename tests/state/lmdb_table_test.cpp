// SPDX-License-Identifier: Apache-2.0
// The table under the snapshot store: transactions that are all or nothing, a full disk or map that
// leaves it usable, and the check of its file, which must accept whatever LMDB writes (random work,
// seed printed).
#include "state/lmdb_table.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <random>

#include "state/lmdb_check.hpp"
#include "tests/state/store_fixture.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t ample = std::size_t{1} << 30;

std::unique_ptr<lmdb_table> make_table(const fs::path& dir, std::size_t map_bytes = ample) {
  if (!fs::exists(dir)) REQUIRE(lmdb_table::create(dir, 0, byte_vector(10)));
  auto opened = lmdb_table::open(dir, map_bytes);
  if (!opened) FAIL(opened.error().text());
  return std::move(*opened);
}

std::map<std::uint64_t, byte_vector> content_of(const lmdb_table& table) {
  std::map<std::uint64_t, byte_vector> out;
  const auto read =
      table.for_each([&](std::uint64_t key, std::span<const std::byte> value) -> result<void> {
        out.emplace(key, byte_vector(value.begin(), value.end()));
        return {};
      });
  REQUIRE(read);
  return out;
}

/// A bound on the size of files that this process writes, until the end of the scope.
class file_size_limit {
 public:
  explicit file_size_limit(std::uint64_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit bound = old_;
    bound.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &bound);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

/// A tmpfs mounted on a directory until the end of the scope, if this user may.
class small_disk {
 public:
  small_disk(const fs::path& where, const char* options)
      : where_(where), mounted_(::mount("tmpfs", where.c_str(), "tmpfs", 0, options) == 0) {}
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    if (mounted_) ::umount2(where_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path where_;
  bool mounted_;
};

}  // namespace

TEST_CASE("the file check accepts every file that a table leaves behind") {
  const std::uint64_t seed = test::test_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const test::temp_directory temp;
  const fs::path dir = temp.path() / "t";
  std::map<std::uint64_t, byte_vector> model{{0, byte_vector(10)}};
  std::uint64_t last = 1'000'000;
  for (int round = 0; round < 20; ++round) {
    auto table = make_table(dir);
    REQUIRE(content_of(*table) == model);
    for (int transaction = 0; transaction < 4; ++transaction) {
      auto next = model;
      REQUIRE(table->begin());
      for (std::uint64_t n = random() % 300; n != 0; --n) {
        const std::size_t size = random() % 3 == 0 ? random() % 100'000 : random() % 2'500;
        const std::uint64_t kind = random() % 8;
        if (kind < 4) {
          auto room = table->append(++last, size);
          REQUIRE(room);
          std::fill(room->begin(), room->end(), std::byte{9});
          next[last] = byte_vector(size, std::byte{9});
        } else if (kind < 5) {
          const std::uint64_t key = 1 + random() % 1000;
          next[key] = byte_vector(size / 10, std::byte{8});
          REQUIRE(table->put(key, next[key]));
        } else if (auto at = next.upper_bound(random() % (last + 1)); at != next.end()) {
          REQUIRE(table->erase(at->first));
          next.erase(at);
        }
      }
      if (random() % 5 == 0) {
        table->roll_back();
      } else {
        REQUIRE(table->commit());
        model = std::move(next);
      }
      const auto checked = check_lmdb_file(table->data_file());
      if (!checked) FAIL(checked.error().text());
    }
  }
}

TEST_CASE("the file check accepts long free lists") {
  const test::temp_directory temp;
  auto table = make_table(temp.path() / "t");
  REQUIRE(table->begin());
  for (std::uint64_t key = 1; key <= 5000; ++key) REQUIRE(table->append(key, 4'000));
  REQUIRE(table->commit());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(table->begin());
    for (std::uint64_t key = 1; key <= 5000; ++key) {
      if (key % 2 == 0 || i > 0) REQUIRE(table->erase(key));
    }
    REQUIRE(table->commit());
    const auto checked = check_lmdb_file(table->data_file());
    if (!checked) FAIL(checked.error().text());
  }
}

TEST_CASE("changes that were rolled back never were") {
  const test::temp_directory temp;
  auto table = make_table(temp.path() / "t");
  REQUIRE(table->begin());
  REQUIRE(table->put(5, byte_vector(100)));
  table->roll_back();
  CHECK(content_of(*table).size() == 1);
  CHECK(table->get(5, [](auto) -> result<void> { return {}; }).error().code ==
        error_code::not_found);
}

TEST_CASE("an append below the highest key is refused") {
  const test::temp_directory temp;
  auto table = make_table(temp.path() / "t");
  REQUIRE(table->begin());
  REQUIRE(table->append(9, 10));
  CHECK(table->append(8, 10).error().code == error_code::invariant);
  CHECK(!table->writing());
}

TEST_CASE("a full map is no_space with the numbers, and the table stays usable") {
  const test::temp_directory temp;
  auto table = make_table(temp.path() / "t", 1 << 20);
  REQUIRE(table->begin());
  REQUIRE(table->append(1, 1000));
  REQUIRE(table->commit());
  REQUIRE(table->begin());
  REQUIRE(table->append(2, 1000));

  const auto full = table->append(3, 2 << 20);

  REQUIRE(!full);
  CHECK(full.error().code == error_code::no_space);
  CHECK(full.error().message.find("1048576") != std::string::npos);
  CHECK(full.error().message.find("2097152") != std::string::npos);
  CHECK(!table->writing());
  CHECK(content_of(*table).size() == 2);
  REQUIRE(table->begin());
  REQUIRE(table->append(2, 1000));
  CHECK(table->commit());
}

TEST_CASE("a write that the system cuts short leaves the table usable") {
  const test::temp_directory temp;
  auto table = make_table(temp.path() / "t");
  REQUIRE(table->begin());
  REQUIRE(table->append(1, 500'000));
  {
    const file_size_limit bound(100'000);
    CHECK(!table->commit());
  }
  CHECK(content_of(*table).size() == 1);
  REQUIRE(table->begin());
  REQUIRE(table->append(1, 500'000));
  REQUIRE(table->commit());
  CHECK(check_lmdb_file(table->data_file()));
}

TEST_CASE("a disk that fills up during a commit is no_space, and the table stays usable") {
  const test::temp_directory temp;
  const small_disk disk(temp.path(), "size=600k");
  if (!disk.mounted()) {
    MESSAGE("skipped: this user may not mount a small tmpfs");
    return;
  }
  auto table = make_table(temp.path() / "t");
  REQUIRE(table->begin());
  REQUIRE(table->append(1, 900'000));

  const auto committed = table->commit();

  REQUIRE(!committed);
  CHECK(committed.error().code == error_code::no_space);
  CHECK(content_of(*table).size() == 1);
  REQUIRE(table->begin());
  REQUIRE(table->append(1, 100'000));
  REQUIRE(table->commit());
  CHECK(check_lmdb_file(table->data_file()));
}

}  // namespace weir
