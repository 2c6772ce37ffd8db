// SPDX-License-Identifier: Apache-2.0
// Specifies the table whose writes go wrong by plan: over LMDB, with each write of a random script hit in turn by each
// kind of fault (seeded), the table holds what the last commit made durable, whole; and over a snapshot store no complete
// checkpoint is lost, and none appears that was not completed.
#include "state/injected_table.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "state/lmdb_check.hpp"
#include "state/lmdb_table.hpp"
#include "tests/state/store_fixture.hpp"
#include "tests/support/planned_faults.hpp"
#include "tests/support/seed.hpp"

using namespace weir;
using namespace weir::test;

namespace {

namespace fs = std::filesystem;
using content = std::map<std::uint64_t, byte_vector>;

constexpr disk_fault all_kinds[] = {disk_fault::write_error, disk_fault::disk_full,
                                    disk_fault::torn_write, disk_fault::lost_write};

constexpr bool ends_process(disk_fault kind) {
  return kind == disk_fault::torn_write || kind == disk_fault::lost_write;
}

content content_of(const store_table& table) {
  content found;
  const auto keys = table.keys();
  REQUIRE(keys);
  for (const auto key : *keys) {
    REQUIRE(table.get(key, [&](std::span<const std::byte> value) -> result<void> {
      found.emplace(key, byte_vector(value.begin(), value.end()));
      return {};
    }));
  }
  return found;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Transactions of random appends and erasures, and what is durable.
class table_writer {
 public:
  explicit table_writer(const fs::path& dir) : dir_(dir) {
    REQUIRE(lmdb_table::create(dir, 0, byte_vector(10)));
    durable_ = content_of(*open());
  }
  std::unique_ptr<lmdb_table> open() const {
    REQUIRE(check_lmdb_file(dir_ / "data.mdb"));
    auto opened = lmdb_table::open(dir_, std::size_t{1} << 30);
    REQUIRE(opened);
    return std::move(*opened);
  }
  /// False when a write failed. Checks that it finds what is durable.
  bool run(std::mt19937_64 random, const std::shared_ptr<planned_faults>& faults) {
    injected_table table(open(), faults);
    CHECK((content_of(table) == durable_));
    for (int transaction = 0; transaction < 6; ++transaction) {
      content next = durable_;
      REQUIRE(table.begin());
      if (!change(table, next, random) || !table.commit()) {
        CHECK_FALSE(table.writing());
        CHECK((content_of(table) == durable_));
        return false;
      }
      durable_ = std::move(next);
    }
    return true;
  }

 private:
  static bool change(store_table& table, content& next, std::mt19937_64& random) {
    if (next.size() > 4) {
      const auto oldest = std::next(next.begin())->first;
      REQUIRE(table.erase(oldest));
      next.erase(oldest);
    }
    for (auto entries = random() % 3 + 1; entries != 0; --entries) {
      const auto key = next.rbegin()->first + 1;
      auto room = table.append(key, random() % 3 == 0 ? 20'000 : 200);
      if (!room) return false;
      for (auto& one : *room) one = static_cast<std::byte>(random());
      next.emplace(key, byte_vector(room->begin(), room->end()));
    }
    return true;
  }

  fs::path dir_;
  content durable_;
};

}  // namespace

TEST_CASE("whichever write goes wrong how, the table is as the last commit left it") {
  std::mt19937_64 random(print_seed());
  const std::mt19937_64 script(random());
  const auto none = std::make_shared<planned_faults>(1);
  {
    const temp_directory home;
    REQUIRE(table_writer(home.path() / "t").run(script, none));
  }
  const auto writes = none->writes();
  REQUIRE(writes >= 12);
  for (const auto kind : all_kinds) {
    for (std::uint64_t at = 0; at < writes; ++at) {
      CAPTURE(at);
      const temp_directory home;
      table_writer writer(home.path() / "t");
      const auto faults = std::make_shared<planned_faults>(random());
      faults->at_write(at, kind);
      if (ends_process(kind)) {
        CHECK_THROWS_AS((void)writer.run(script, faults), process_crashed);
      } else {
        CHECK_FALSE(writer.run(script, faults));
      }
      CHECK(faults->hits() == 1);
      CHECK(faults->crashes() == ends_process(kind));
      CHECK(std::distance(fs::directory_iterator(home.path() / "t"), {}) == 1);  // no copy is left
      CHECK(writer.run(script, none));
    }
  }
}

TEST_CASE("a torn commit leaves another file than before, as valid as it") {
  std::mt19937_64 random(print_seed());
  int changed = 0;
  for (int round = 0; round < 20; ++round) {
    const temp_directory home;
    open_store sound(home.path());
    sound.checkpoint(sound.epoch(0), 30'000);
    sound.checkpoint(sound.epoch(1), 30'000);
    const auto before = bytes_of(data_file_of(home.path()));
    const auto faults = std::make_shared<planned_faults>(random());
    faults->at_write(1, disk_fault::torn_write);  // the commit
    sound->inject(faults);
    CHECK_THROWS_AS((void)sound.checkpoint(sound.epoch(2), 30'000), process_crashed);
    changed += bytes_of(data_file_of(home.path())) != before;
  }
  CHECK(changed == 20);
}

TEST_CASE("P12: a complete checkpoint survives each fault of a later write, and no other appears") {
  std::mt19937_64 random(print_seed());
  for (const auto kind : all_kinds) {
    for (std::uint64_t at = 0; at < 4; ++at) {  // two checkpoints: a chunk and a commit each
      CAPTURE(at);
      const temp_directory home;
      std::vector<std::uint64_t> complete;
      {
        open_store store(home.path());
        store.checkpoint(store.epoch(0), 30'000);
        complete = store.epochs();
        const auto faults = std::make_shared<planned_faults>(random());
        faults->at_write(at, kind);
        store->inject(faults);
        try {
          for (std::uint64_t i = 1; i <= 2; ++i) {
            const auto epoch = store.epoch(i);
            const auto stored = store->put(epoch, make_chunk(30'000, 7));
            const bool done = stored && store.complete(epoch, {*stored});
            CHECK(done == (at / 2 != i - 1));
            if (done) complete.insert(complete.begin(), epoch.value);
            if (!done) store->abandon(epoch);
          }
          CHECK_FALSE(ends_process(kind));
        } catch (const process_crashed&) {
          CHECK(ends_process(kind));
        }
        CHECK(faults->hits() == 1);
      }
      if (complete.size() > 2) complete.resize(2);
      open_store again(home.path());
      CHECK(again.epochs() == complete);
      const auto newest = again->latest();
      REQUIRE(newest);
      CHECK(again->verify(*newest));
    }
  }
}
