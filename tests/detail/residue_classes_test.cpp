// SPDX-License-Identifier: Apache-2.0
// Specifies that a generator's numbers come once each, whoever takes its residue classes over (P21): by example, and over
// random changes of parallelism.
#include "weir/detail/residue_classes.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/support/seed.hpp"

namespace {

using namespace weir;
using detail::residue_classes;

residue_classes classes(std::uint64_t count, const std::vector<split_position>& from,
                        std::uint32_t subtask, std::uint32_t parallelism) {
  residue_classes made({.count = count, .records_per_second = 0, .start = {}});
  REQUIRE(made.restore(from, "numbers"));
  made.open(subtask, parallelism, {});
  return made;
}

TEST_CASE("one subtask counts through all numbers in order, and ends") {
  auto one = classes(3000, {}, 0, 1);
  std::uint64_t next = 0;
  for (auto run = one.next_run(3000, 100); run.count != 0; run = one.next_run(3000, 100)) {
    REQUIRE(run.first == next);
    REQUIRE(run.stride == 1);
    next += run.count;
  }
  CHECK(next == 3000);
  CHECK(one.idle(3000, {}).status == poll_result::kind::ended);
}

TEST_CASE(
    "what is left to read goes down by what was read, in step and after a change of parallelism") {
  std::vector<split_position> positions;
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    auto mine = classes(5'000, {}, subtask, 3);
    const auto all = *mine.progress({}).all;
    CHECK(mine.progress({}).left == all);
    std::uint64_t read = 0;
    for (std::uint32_t i = 0; i <= subtask; ++i) read += mine.next_run(5'000, 300).count;
    CHECK(*mine.progress({}).all - *mine.progress({}).left == read);
    mine.save(positions);
  }
  std::uint64_t all = 0;
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
    auto mine = classes(5'000, positions, subtask, 2);
    all += *mine.progress({}).all;
    const auto left = *mine.progress({}).left;
    std::uint64_t read = 0;
    for (auto run = mine.next_run(5'000, 64); run.count != 0; run = mine.next_run(5'000, 64)) {
      read += run.count;
    }
    CHECK(read == left);
    CHECK(mine.progress({}).left == 0);
  }
  CHECK(all == 5'000);
}

TEST_CASE("a source without an end knows what its rate makes due, and without a rate nothing") {
  constexpr auto unbounded = std::numeric_limits<std::uint64_t>::max();
  CHECK(!classes(unbounded, {}, 0, 2).progress({}).left);
  residue_classes late({.count = unbounded, .records_per_second = 1000, .start = steady_time{}});
  late.open(0, 1, {});
  late.next_run(100, 100);
  const auto known = late.progress(steady_time{std::chrono::seconds(2)});
  CHECK(!known.all);
  CHECK(known.left == 1'900);
}

TEST_CASE("without an end, every subtask has numbers from the start, and after a restore") {
  constexpr auto unbounded = std::numeric_limits<std::uint64_t>::max();
  std::vector<split_position> positions;
  for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
    auto mine = classes(unbounded, {}, subtask, 2);
    CHECK(mine.next_run(unbounded, 100).count == 100);
    mine.save(positions);
  }
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    CHECK(classes(unbounded, positions, subtask, 3).next_run(unbounded, 100).count > 0);
  }
}

TEST_CASE(
    "positions go with the class, never with the subtask: any parallelism takes them over (P21)") {
  const auto seed = test::print_seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    constexpr std::uint64_t count = 20'000;
    std::vector<int> made(count);
    std::vector<split_position> positions;
    for (bool ended = false; !ended;) {
      const auto parallelism = static_cast<std::uint32_t>(1 + random() % 7);
      std::vector<split_position> next;
      ended = true;
      for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
        auto mine = classes(count, positions, subtask, parallelism);
        for (auto polls = random() % 8; polls > 0; --polls) {
          const auto run = mine.next_run(count, static_cast<std::uint32_t>(1 + random() % 1500));
          for (std::uint32_t i = 0; i < run.count; ++i) ++made.at(run.first + i * run.stride);
        }
        ended = ended && mine.idle(count, {}).status == poll_result::kind::ended;
        mine.save(next);
      }
      REQUIRE(next.size() == residue_classes::class_count);
      positions = next;
    }
    for (const int times : made) REQUIRE(times == 1);
  }
}

TEST_CASE("a split that is no residue class is corrupt, whatever its bytes") {
  residue_classes one({});
  byte_vector row;
  byte_writer(row).scalar<std::uint64_t>(1);
  for (const char* id : {"", "1024", "99999", "-1", "x"}) {
    CHECK(one.restore({{id, row}}, "numbers").error().code == error_code::corrupt);
  }
  CHECK(!one.restore({{"1", {}}}, "numbers"));
  row.push_back({});
  CHECK(!one.restore({{"1", row}}, "numbers"));
}

}  // namespace
