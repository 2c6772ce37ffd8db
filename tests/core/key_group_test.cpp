// SPDX-License-Identifier: Apache-2.0
// Specifies the assignment of key groups to subtasks, exhaustively over all groups for parallelism
// 1 to 1000 and the largest one, at the borders of the ranges for every other parallelism.
#include "weir/core/key_group.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using weir::groups_of;
using weir::key_group_count;
using weir::key_group_range;
using weir::subtask_of;

namespace {

/// How many groups (of all) lie outside the range of the subtask that they are assigned to.
std::uint32_t misplaced_groups(std::uint32_t parallelism) {
  std::uint32_t misplaced = 0;
  for (std::uint32_t group = 0; group < key_group_count; ++group) {
    const std::uint32_t subtask = subtask_of(group, parallelism);
    const bool placed = subtask < parallelism && groups_of(subtask, parallelism).contains(group);
    misplaced += placed ? 0 : 1;
  }
  return misplaced;
}

/// Whether the ranges of all subtasks follow each other without gap or overlap from the first group
/// to the last, each not empty, and each range's first and last group are assigned back to its
/// subtask.
bool ranges_are_a_partition(std::uint32_t parallelism) {
  std::uint32_t next = 0;
  for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
    const key_group_range range = groups_of(subtask, parallelism);
    if (range.first != next || range.last < range.first) return false;
    if (subtask_of(range.first, parallelism) != subtask) return false;
    if (subtask_of(range.last, parallelism) != subtask) return false;
    next = range.last + 1;
  }
  return next == key_group_count;
}

}  // namespace

TEST_CASE("every group belongs to the range of exactly the subtask it is assigned to") {
  for (std::uint32_t parallelism = 1; parallelism <= 1000; ++parallelism) {
    CAPTURE(parallelism);
    REQUIRE(misplaced_groups(parallelism) == 0);
  }
  CHECK(misplaced_groups(key_group_count) == 0);
  CHECK(misplaced_groups(key_group_count - 1) == 0);
}

TEST_CASE("the ranges of all subtasks are a partition of the groups, none empty") {
  for (std::uint32_t parallelism = 1; parallelism <= 1000; ++parallelism) {
    CAPTURE(parallelism);
    REQUIRE(ranges_are_a_partition(parallelism));
  }
  for (std::uint32_t parallelism = 1001; parallelism <= key_group_count; parallelism += 97) {
    CAPTURE(parallelism);
    REQUIRE(ranges_are_a_partition(parallelism));
  }
  CHECK(ranges_are_a_partition(key_group_count));
}

TEST_CASE("ranges differ by at most one group in size") {
  for (const std::uint32_t parallelism : {2u, 3u, 7u, 100u, 999u, 1000u, 20'000u}) {
    CAPTURE(parallelism);
    const std::uint32_t floor = key_group_count / parallelism;
    for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      const key_group_range range = groups_of(subtask, parallelism);
      const std::uint32_t size = range.last - range.first + 1;
      REQUIRE(size >= floor);
      REQUIRE(size <= floor + 1);
    }
  }
}

TEST_CASE("a single subtask has all groups, the most subtasks have one each") {
  CHECK(groups_of(0, 1) == key_group_range{});
  CHECK(groups_of(5, key_group_count) == key_group_range{5, 5});
  CHECK(groups_of(0, 2) == key_group_range{0, 16'383});
  CHECK(groups_of(1, 2) == key_group_range{16'384, 32'767});
}

TEST_CASE("the group of a hash is its highest 15 bits") {
  static_assert(key_group_count == 32'768);
  CHECK(weir::key_group_of(0) == 0);
  CHECK(weir::key_group_of(~0ull) == key_group_count - 1);
  CHECK(weir::key_group_of(1ull << 49) == 1);
  CHECK(weir::key_group_of((1ull << 49) - 1) == 0);
}

TEST_CASE("ranges overlap when they share a group") {
  CHECK(key_group_range{0, 5}.overlaps({5, 9}));
  CHECK(!key_group_range{0, 5}.overlaps({6, 9}));
  CHECK(key_group_range{3, 4}.overlaps({0, 9}));
  CHECK(key_group_range{0, 9}.overlaps({3, 4}));
  CHECK(!key_group_range{1, 0}.contains(0));
  CHECK(!key_group_range{1, 0}.contains(1));
}
