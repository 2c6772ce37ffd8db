// SPDX-License-Identifier: Apache-2.0
// Specifies how far a split was read as stored bytes, which no hostile byte can make into anything
// impossible, and which subtask reads which split.
#include "connectors/split_progress.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/connectors/temp_directory.hpp"

using namespace weir;
using namespace weir::test;

namespace {

split_progress example() {
  return {{"/data/a.txt", 100, 200, 1000}, 150, false};
}

/// Subtask by subtask, the ids of what enumerated_share gives.
std::vector<std::set<std::string>> shares(const std::vector<file_split>& all,
                                          std::uint64_t split_bytes, std::uint32_t parallelism) {
  std::vector<std::set<std::string>> ids(parallelism);
  for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
    for (const auto& p : enumerated_share(all, split_bytes, subtask, parallelism)) {
      ids[subtask].insert(p.split.id());
    }
  }
  return ids;
}

}  // namespace

TEST_CASE("what is encoded is decoded") {
  split_progress progress = example();
  CHECK(*decode_progress(encode_progress(progress)) == progress);
  CHECK(encode_progress(progress).id == "/data/a.txt:100");
  progress.offset = 230;
  progress.done = true;
  CHECK(*decode_progress(encode_progress(progress)) == progress);
  progress = {{std::string("\0\n\xff", 3), 0, 1, ~std::uint64_t{0}}, 0, false};
  CHECK(*decode_progress(encode_progress(progress)) == progress);
}

TEST_CASE("truncated and extended bytes, a foreign id and impossible numbers are corrupt") {
  const split_position good = encode_progress(example());
  for (std::size_t size = 0; size < good.position.size(); ++size) {
    split_position bad = good;
    bad.position.resize(size);
    REQUIRE(decode_progress(bad).error().code == error_code::corrupt);
  }
  split_position bad = good;
  bad.position.push_back(std::byte{0});
  CHECK(decode_progress(bad).error().code == error_code::corrupt);
  bad = good;
  bad.id = "/data/a.txt:101";
  CHECK(decode_progress(bad).error().code == error_code::corrupt);
  bad = good;
  bad.position.back() = std::byte{2};
  CHECK(decode_progress(bad).error().code == error_code::corrupt);

  const std::vector<split_progress> impossible{
      {{"/a", 200, 200, 300}, 200, false}, {{"/a", 100, 301, 300}, 100, false},
      {{"/a", 100, 200, 300}, 99, false},  {{"/a", 100, 200, 300}, 301, false},
      {{"/a", 100, 200, 300}, 199, true},  {{"", 100, 200, 300}, 150, false}};
  for (const split_progress& progress : impossible) {
    CHECK(decode_progress(encode_progress(progress)).error().code == error_code::corrupt);
  }
}

TEST_CASE("a newer version is told from damage") {
  split_position newer = encode_progress(example());
  newer.position[0] = std::byte{2};
  CHECK(decode_progress(newer).error().code == error_code::incompatible);
}

TEST_CASE("whatever bytes come, the answer is a possible progress or an error") {
  auto random = seeded_random("split_progress bytes");
  for (int round = 0; round < 20'000; ++round) {
    split_position bytes = encode_progress(example());
    for (std::uint64_t i = random() % 3 + 1; i != 0; --i) {
      bytes.position[random() % bytes.position.size()] = static_cast<std::byte>(random());
    }
    const auto decoded = decode_progress(bytes);
    if (!decoded) continue;
    CHECK(decoded->split.begin < decoded->split.end);
    CHECK(decoded->offset >= decoded->split.begin);
    CHECK(decoded->offset <= decoded->split.file_size_seen);
  }
}

TEST_CASE("each split of an enumeration is in one share, and a large file is spread evenly") {
  std::vector<file_split> all = cut_file("/a", 95, 10);
  for (const auto& split : cut_file("/b", 5, 10)) all.push_back(split);
  for (const auto& split : cut_file("/c", 5, 10)) all.push_back(split);

  const auto two = shares(all, 10, 2);
  CHECK(two[0].size() == 6);
  CHECK(two[1].size() == 6);
  CHECK(shares(all, 10, 1)[0].size() == 12);
  CHECK(shares(all, 10, 20)[19].empty());
}

TEST_CASE("a file that grew by a split between two enumerations shifts no split of another file") {
  const auto enumeration = [](std::uint64_t size_of_a) {
    std::vector<file_split> all = cut_file("/a", size_of_a, 10);
    for (const auto& split : cut_file("/b", 60, 10)) all.push_back(split);
    return all;
  };
  const auto before = shares(enumeration(28), 10, 3);
  const auto after = shares(enumeration(31), 10, 3);
  for (std::size_t subtask = 0; subtask < 3; ++subtask) {
    for (const auto& id : before[subtask]) CHECK(after[subtask].contains(id));
  }
}

TEST_CASE("at a restore each split has one owner, and one that is there twice is corrupt") {
  std::vector<split_position> all;
  for (const auto& split : cut_file("/a", 95, 10)) {
    all.push_back(encode_progress({split, split.begin, false}));
  }
  std::set<std::string> seen;
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    const auto share = restored_share(all, subtask, 3);
    REQUIRE(share);
    CHECK(share->size() >= 3);
    for (const auto& progress : *share) CHECK(seen.insert(progress.split.id()).second);
  }
  CHECK(seen.size() == 10);

  all.push_back(all.front());
  CHECK(restored_share(all, 0, 3).error().code == error_code::corrupt);
  all.back().position.clear();
  all.back().id = "/z:0";
  CHECK(restored_share(all, 0, 3).error().code == error_code::corrupt);
}
