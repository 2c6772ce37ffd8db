// SPDX-License-Identifier: Apache-2.0
// Identifiers from different spaces are different types: a task's number cannot be passed where an epoch is expected.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace weir {

/// An integer of one identifier space, ordered, printable, hashable; no arithmetic except next().
template <class Tag, class Rep>
struct strong_id {
  Rep value{};

  constexpr auto operator<=>(const strong_id&) const = default;
  constexpr strong_id next() const { return {static_cast<Rep>(value + 1)}; }
  friend std::ostream& operator<<(std::ostream& out, strong_id id) { return out << +id.value; }
};

/// Number of a checkpoint and of the records before its marker; 0 is the initial one. Never used twice (P5).
using epoch_id = strong_id<struct epoch_tag, std::uint64_t>;
/// Incarnation of a region; older ones are dropped (P4). Never used twice in one state directory.
using attempt_id = strong_id<struct attempt_tag, std::uint64_t>;
/// A coordinator's term of office (P22); taken durably when a process opens its state directory.
using fence_id = strong_id<struct fence_tag, std::uint64_t>;
/// Index of a task in the plan, dense from 0.
using task_id = strong_id<struct task_tag, std::uint32_t>;
/// Index of a region in the plan, dense from 0.
using region_id = strong_id<struct region_tag, std::uint32_t>;

template <class Tag, class Rep>
std::string to_string(strong_id<Tag, Rep> id) {
  return std::to_string(id.value);
}

}  // namespace weir

template <class Tag, class Rep>
struct std::hash<weir::strong_id<Tag, Rep>> {
  std::size_t operator()(weir::strong_id<Tag, Rep> id) const noexcept {
    return std::hash<Rep>()(id.value);
  }
};
