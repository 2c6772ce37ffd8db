// SPDX-License-Identifier: Apache-2.0
// Specifies the disk whose writes go wrong by plan, by example; and that a journal on it, with each of its writes hit in
// turn by each kind of fault (seeded), loses nothing that it called durable.
#include "connectors/injected_disk.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tests/connectors/journal_words.hpp"
#include "tests/support/planned_faults.hpp"
#include "tests/support/seed.hpp"

using namespace weir;
using namespace weir::test;

namespace {

/// A disk in memory, and a plan of what goes wrong on it.
struct bad_disk {
  faulty_storage storage;
  std::shared_ptr<planned_faults> faults = std::make_shared<planned_faults>(1);
  injected_disk disk{std::make_unique<faulty_disk>(storage, 1), faults};

  const std::string& content(const std::string& name) { return storage.bytes(name); }
};

constexpr disk_fault all_kinds[] = {disk_fault::write_error, disk_fault::disk_full,
                                    disk_fault::torn_write, disk_fault::lost_write};

}  // namespace

TEST_CASE("a write that fails says why, and may leave a part") {
  for (const auto kind : {disk_fault::write_error, disk_fault::disk_full}) {
    bad_disk on;
    auto file = on.disk.create("a");
    REQUIRE(file);
    REQUIRE((*file)->append("whole "));
    on.faults->at_write(1, kind);
    const auto failed = (*file)->append("broken");
    REQUIRE_FALSE(failed);
    const bool full = kind == disk_fault::disk_full;
    CHECK(failed.error().text() == std::string(full ? "no space left" : "i/o error") +
                                       ": cannot write 'faulty/a': injected " +
                                       (full ? "full disk" : "write error"));
    CHECK(std::string("whole broken").starts_with(on.content("a")));
    CHECK(on.content("a").starts_with("whole "));
    CHECK((*file)->append("next"));
    CHECK((*file)->sync());
    CHECK(on.content("a").ends_with("next"));
    CHECK(on.faults->crashes() == 0);
  }
}

TEST_CASE("a torn write ends the process and leaves a part, of which chance decides") {
  std::size_t shortest = 6, longest = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    bad_disk on;
    on.faults = std::make_shared<planned_faults>(seed);
    injected_disk disk(std::make_unique<faulty_disk>(on.storage, 1), on.faults);
    auto file = disk.create("a");
    REQUIRE(file);
    on.faults->at_write(0, disk_fault::torn_write);
    CHECK_THROWS_AS((void)(*file)->append("broken"), process_crashed);
    CHECK(std::string("broken").starts_with(on.content("a")));
    shortest = std::min(shortest, on.content("a").size());
    longest = std::max(longest, on.content("a").size());
  }
  CHECK(shortest == 0);
  CHECK(longest == 6);
}

TEST_CASE("a lost write is reported as done, and gone with all else that was not synced") {
  bad_disk on;
  auto kept = on.disk.create("kept");
  REQUIRE(kept);
  REQUIRE((*kept)->append("durable"));
  REQUIRE((*kept)->sync());
  REQUIRE(on.disk.sync_entries());
  auto fresh = on.disk.create("fresh");
  REQUIRE(fresh);
  REQUIRE((*fresh)->append("not durable: its entry is not"));
  REQUIRE((*fresh)->sync());
  REQUIRE((*kept)->append(", not yet"));
  on.faults->at_write(3, disk_fault::lost_write);
  CHECK((*kept)->append(", lost"));
  CHECK(on.faults->crashes() == 0);
  CHECK_THROWS_AS((void)(*kept)->sync(), process_crashed);
  CHECK(on.content("kept") == "durable");
  CHECK_FALSE(on.storage.entries().contains("fresh"));
}

TEST_CASE("whatever call follows a lost write, the process does not survive it") {
  for (int call = 0; call < 5; ++call) {
    CAPTURE(call);
    bad_disk on;
    auto file = on.disk.create("a");
    REQUIRE(file);
    on.faults->at_write(0, disk_fault::lost_write);
    REQUIRE((*file)->append("lost"));
    const auto next = [&] {
      if (call == 0) (void)(*file)->append("x");
      if (call == 1) (void)on.disk.create("b");
      if (call == 2) (void)on.disk.open("a", 1);
      if (call == 3) (void)on.disk.remove("a");
      if (call == 4) (void)on.disk.sync_entries();
    };
    CHECK_THROWS_AS(next(), process_crashed);
  }
}

TEST_CASE("P21: a journal loses no durable line, whichever of its writes goes wrong how") {
  std::mt19937_64 random(print_seed());
  const std::mt19937_64 script(random());
  faulty_storage calm;
  const auto none = std::make_shared<planned_faults>(1);
  REQUIRE(journal_writer(calm).run(script, none));
  REQUIRE(none->writes() > 20);
  for (const auto kind : all_kinds) {
    for (std::uint64_t at = 0; at < none->writes(); ++at) {
      CAPTURE(at);
      faulty_storage storage;
      journal_writer writer(storage);
      const auto faults = std::make_shared<planned_faults>(random());
      faults->at_write(at, kind);
      const bool ends = kind == disk_fault::torn_write || kind == disk_fault::lost_write;
      if (ends) {
        CHECK_THROWS_AS((void)writer.run(script, faults), process_crashed);
      } else {
        CHECK_FALSE(writer.run(script, faults));
      }
      CHECK(faults->hits() == 1);
      CHECK(faults->crashes() == ends);
      REQUIRE(writer.run(script));
    }
  }
}
