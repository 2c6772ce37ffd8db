// SPDX-License-Identifier: Apache-2.0
// number_block hands out numbers that were reserved durably beforehand (epochs, P5; attempts, P4), and says when more
// should be reserved, so that nobody has to wait for a sync to take one.
//
// Owner:      the coordinator.
// Invariants: every number is handed out at most once, in ascending order.
#pragma once

#include <cstdint>
#include <optional>

#include "weir/core/check.hpp"

namespace weir {

template <class Id>
class number_block {
 public:
  /// [first, first + count) are reserved.
  number_block(Id first, std::uint64_t count) : next_(first.value), end_(first.value + count) {}

  /// Nothing when the reserved ones are used up.
  std::optional<Id> take() {
    if (next_ == end_) return {};
    return Id{next_++};
  }
  /// True once: the caller asks for a refill then.
  bool wants_refill() {
    if (asked_ || end_ - next_ > low_water) return false;
    asked_ = true;
    return true;
  }
  /// Another block, which follows what was reserved so far, perhaps with a gap. What is left of the old block is skipped.
  void refill(Id first, std::uint64_t count) {
    WEIR_CHECK(first.value >= end_, "numbers from", first.value, "were reserved twice, up to",
               end_);
    if (first.value != end_) next_ = first.value;
    end_ = first.value + count;
    asked_ = false;
  }

 private:
  static constexpr std::uint64_t low_water = 8;
  std::uint64_t next_;
  std::uint64_t end_;
  bool asked_ = false;
};

}  // namespace weir
