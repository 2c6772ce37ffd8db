// SPDX-License-Identifier: Apache-2.0
// Key groups: the fixed shards of the key space. A key's group is the highest 15 bits of its hash, so that slot order in
// a state table is key-group order; parallelism only assigns ranges of groups to subtasks.
//
// Invariants: every group belongs to exactly one subtask for every parallelism 1 .. key_group_count, and
//             subtask_of(group, p) == s exactly when groups_of(s, p) contains group.
// Source:     Flink's KeyGroupRangeAssignment (the same arithmetic, with 2^15 groups always).
#pragma once

#include <cstdint>

namespace weir {

inline constexpr std::uint32_t key_group_bits = 15;
inline constexpr std::uint32_t key_group_count = 1u << key_group_bits;  // 32,768, always

/// Key groups [first, last], both inclusive; first > last is empty.
struct key_group_range {
  std::uint32_t first = 0;
  std::uint32_t last = key_group_count - 1;

  constexpr bool contains(std::uint32_t group) const { return first <= group && group <= last; }
  constexpr bool overlaps(key_group_range other) const {
    return first <= other.last && other.first <= last;
  }
  constexpr bool operator==(const key_group_range&) const = default;
};

constexpr std::uint32_t key_group_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> (64 - key_group_bits));
}

/// 0 <= result < parallelism; 1 <= parallelism <= key_group_count.
constexpr std::uint32_t subtask_of(std::uint32_t group, std::uint32_t parallelism) {
  return (group * parallelism) >> key_group_bits;
}

/// The groups of one subtask, 0 <= subtask < parallelism.
constexpr key_group_range groups_of(std::uint32_t subtask, std::uint32_t parallelism) {
  const std::uint64_t count = key_group_count;
  const std::uint64_t first = (subtask * count + parallelism - 1) / parallelism;
  const std::uint64_t end = ((subtask + 1) * count + parallelism - 1) / parallelism;
  return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end - 1)};
}

}  // namespace weir
