// SPDX-License-Identifier: Apache-2.0
// Specifies the journal on a disk that a test crashes at every single operation, before, inside and
// after it, by kill -9 and by loss of power (seeded); that is full; whose syncs fail; and whose bytes
// are damaged, each one in turn.
//
// Not simulated: a disk that loses what it was told to sync.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/connectors/journal_words.hpp"
#include "tests/support/seed.hpp"

using namespace weir;
using namespace weir::test;

namespace {

constexpr crash_phase phases[] = {crash_phase::before, crash_phase::inside, crash_phase::after};

void restart(faulty_storage& on, bool power, std::mt19937_64& random) {
  power ? on.restart_machine(random) : on.restart_process();
}

/// 15 lines in groups of 3, two groups a segment.
void fill(faulty_storage& on) {
  auto made = open_on(on);
  REQUIRE(made.has_value());
  for (int i = 0; i < 5; ++i) REQUIRE(commit(**made, 3).has_value());
  REQUIRE((*made)->segments().size() == 3);
}

}  // namespace

TEST_CASE("lines come back in order from any line on, across segments and openings") {
  faulty_storage storage;
  for (std::uint32_t round = 0; round < 5; ++round) {
    auto opened = open_on(storage);
    REQUIRE(opened.has_value());
    CHECK((*opened)->lines() == 9 * round);
    for (std::uint32_t count : {1u, 3u, 5u}) REQUIRE(commit(**opened, count).has_value());
    for (std::uint64_t line = 0; line <= (*opened)->lines(); ++line) {
      CHECK(*read_from(**opened, line) == (*opened)->lines() - line);
    }
    CHECK((*opened)->news().empty());
  }
}

TEST_CASE("a crash at any operation loses no durable line and no needed one, and invents none") {
  std::mt19937_64 random(print_seed());
  const std::mt19937_64 script(random());
  faulty_storage calm;
  REQUIRE(journal_writer(calm).run(script));
  const std::uint64_t operations = calm.operations();
  REQUIRE(operations > 50);
  std::uint64_t hits = 0;
  for (std::uint64_t at = 0; at < operations; ++at) {
    for (const crash_phase phase : phases) {
      for (int way = 0; way < 6; ++way) {
        faulty_storage storage;
        journal_writer writer(storage);
        storage.crash_at(at, phase);
        REQUIRE_FALSE(writer.run(script));
        hits += storage.crashed();
        restart(storage, way > 0, random);
        REQUIRE(writer.run(script));
        storage.restart_machine(random);
        REQUIRE(writer.run(script));
      }
    }
  }
  CHECK(hits == operations * 18);
}

TEST_CASE("a crash while the journal recovers from a crash loses nothing either") {
  std::mt19937_64 random(print_seed());
  const std::mt19937_64 script(random());
  faulty_storage calm;
  REQUIRE(journal_writer(calm).run(script));
  const std::uint64_t operations = calm.operations();
  std::uint64_t hits = 0;
  for (std::uint64_t at = 0; at < operations; ++at) {
    for (std::uint64_t second = 0; second < 6; ++second) {
      faulty_storage storage;
      journal_writer writer(storage);
      storage.crash_at(at, phases[random() % 3]);
      REQUIRE_FALSE(writer.run(script));
      restart(storage, random() % 2 == 0, random);
      storage.crash_at(second, phases[random() % 3]);
      if (!writer.run(script)) {
        hits += storage.crashed();
        restart(storage, true, random);
      }
      storage.no_crash();
      REQUIRE(writer.run(script));
    }
  }
  CHECK(hits > operations * 5);
}

TEST_CASE("each damaged byte is found: an error that names file, offset, expected and found") {
  faulty_storage original;
  fill(original);
  std::size_t damaged = 0;
  std::size_t torn = 0;
  for (const auto& [name, content] : original.entries()) {
    const bool last = name == original.entries().rbegin()->first;
    for (std::size_t at = 0; at < content->bytes.size(); ++at) {
      faulty_storage storage;
      fill(storage);
      storage.bytes(name)[at] ^= 0x20;
      auto opened = open_on(storage);
      auto read = opened ? read_from(**opened, 0) : result<std::uint64_t>(opened.error());
      if (read) {  // only the last record may be taken for one that the crash cut off
        CHECK(last);
        CHECK(*read == 12);
        CHECK((*opened)->news().find("cut off") != std::string::npos);
        ++torn;
        continue;
      }
      ++damaged;
      const std::string& text = read.error().message;
      const bool told = read.error().code == error_code::incompatible ||
                        text.find("expected") != std::string::npos;
      CHECK_MESSAGE((told && text.find(name) != std::string::npos &&
                     text.find("offset") != std::string::npos) ==
                        (text.find("belongs to a job") == std::string::npos),
                    text);
    }
  }
  CHECK(damaged > 200);
  CHECK(torn > 20);
}

TEST_CASE("a segment that is not the last one may not be cut, and none may be missing") {
  faulty_storage original;
  fill(original);
  const std::string first = original.entries().begin()->first;
  const std::size_t size = original.entries().begin()->second->bytes.size();
  for (std::size_t left = 0; left < size; ++left) {
    faulty_storage storage;
    fill(storage);
    storage.bytes(first).resize(left);
    auto opened = open_on(storage);
    const auto read = opened ? read_from(**opened, 0) : result<std::uint64_t>(opened.error());
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == error_code::corrupt);
    CHECK(read.error().message.find(first) != std::string::npos);
  }
  faulty_storage storage;
  fill(storage);
  faulty_disk remover(storage, 1);
  REQUIRE(storage.entries().size() == 3);
  REQUIRE(remover.remove(std::next(storage.entries().begin())->first).has_value());
  auto opened = open_on(storage);
  REQUIRE(opened.has_value());
  const auto read = read_from(**opened, 0);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().message.find("ends before it") != std::string::npos);
}

TEST_CASE("damage in the middle of the last segment is not taken for a torn end") {
  faulty_storage storage;
  journal_settings large = small_segments();
  large.segment_bytes = 1 << 20;
  {
    auto made = open_on(storage, large);
    for (int i = 0; i < 4; ++i) REQUIRE(commit(**made, 3).has_value());
    REQUIRE((*made)->segments().size() == 1);
  }
  storage.bytes(segment_name(0))[segment_header_bytes + record_header_bytes + 2] ^= 1;
  const auto opened = open_on(storage, large);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == error_code::corrupt);
  CHECK(opened.error().message.find("offset 40") != std::string::npos);
}

TEST_CASE("on a full disk nothing that was durable is lost, and with room the journal goes on") {
  for (std::size_t capacity = 0; capacity < 700; ++capacity) {
    faulty_storage storage;
    storage.set_capacity(capacity);
    std::uint64_t durable = 0;
    std::optional<error> full;
    auto opened = open_on(storage);
    if (!opened) full = opened.error();
    while (!full) {
      const auto done = commit(**opened, 2);
      if (!done) full = done.error();
      durable = (*opened)->lines();
    }
    CHECK(full->code == error_code::no_space);

    storage.set_capacity(1 << 20);
    if (opened) {
      CHECK(*read_from(**opened, 0) == durable);
      REQUIRE(commit(**opened, 2).has_value());
      durable += 2;
    }
    auto again = open_on(storage);
    REQUIRE(again.has_value());
    CHECK(*read_from(**again, 0) == durable);
  }
}

TEST_CASE("what a failed sync left in memory is not taken for durable later") {
  for (std::uint64_t at = 0; at < 20; ++at) {
    faulty_storage storage;
    auto opened = open_on(storage);
    REQUIRE(opened.has_value());
    storage.fail_sync_at(at);
    std::uint64_t durable = 0;
    while (!storage.sync_failed() && durable < 60) {
      if (commit(**opened, 3)) durable = (*opened)->lines();
    }
    CHECK((*opened)->lines() == durable);
    opened = open_on(storage);
    REQUIRE(opened.has_value());
    CHECK(*read_from(**opened, 0) == durable);
  }
}

TEST_CASE("trimming removes whole segments below the line, never the newest one") {
  faulty_storage storage;
  fill(storage);
  auto opened = open_on(storage);
  REQUIRE(opened.has_value());
  journal& log = **opened;
  const auto before = log.segments();

  REQUIRE(log.trim(before[1].first_line - 1).has_value());
  CHECK(log.first_line() == 0);
  REQUIRE(log.trim(before[1].first_line).has_value());
  CHECK(log.first_line() == before[1].first_line);
  CHECK(*read_from(log, before[1].first_line) == 15 - before[1].first_line);
  CHECK_FALSE(read_from(log, 0).has_value());

  REQUIRE(log.trim(1000).has_value());
  CHECK(log.segments().size() == 1);
  CHECK(log.lines() == 15);
  CHECK(storage.entries().size() == 1);
}

TEST_CASE("the end of the stream, and that the peer has answered, are remembered") {
  faulty_storage storage;
  for (int opening = 0; opening < 3; ++opening) {
    auto opened = open_on(storage);
    CHECK((*opened)->ended() == (opening == 2));
    CHECK((*opened)->peer_spoke() == (opening != 0));
    REQUIRE((*opened)->commit_peer_spoke().has_value());
    for (int i = 0; i < 4 && opening == 0; ++i) REQUIRE(commit(**opened, 3).has_value());
    REQUIRE((*opened)->trim(12).has_value());
    if (opening == 1) REQUIRE((*opened)->commit_end().has_value());
    CHECK((*opened)->lines() == 12);
  }
}

TEST_CASE("a journal of another beginning is refused, or dropped when the job begins anew") {
  faulty_storage storage;
  fill(storage);
  const auto refused = open_on(storage, small_segments(5));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::incompatible);

  journal_settings anew = small_segments(5);
  anew.drop_older = true;
  auto opened = open_on(storage, anew);
  REQUIRE(opened.has_value());
  CHECK((*opened)->lines() == 0);
  CHECK((*opened)->news().find("dropped") != std::string::npos);
  REQUIRE(commit(**opened, 1).has_value());

  anew.generation = {4};
  CHECK_FALSE(open_on(storage, anew).has_value());
}

TEST_CASE("a journal of a newer version is incompatible, not damaged") {
  faulty_storage storage;
  fill(storage);
  storage.bytes(segment_name(0))[8] = 2;
  const auto opened = open_on(storage);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == error_code::incompatible);
}

TEST_CASE("the bytes are those of docs/formats.md") {
  std::string record(record_header_bytes, '\0');
  record += "weir\n";
  seal_record(record, 7, 1);
  std::string hex;
  for (const char c : record) {
    constexpr char digits[] = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  CHECK(hex == "050000000100000007000000000000002f0195f91a93207c776569720a");
}
