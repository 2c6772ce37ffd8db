// SPDX-License-Identifier: Apache-2.0
// disk_fate decides at which write or sync a simulated machine stops: before, inside or after the n-th from now. All disks
// of one machine share one.
//
// Owner:      the disks of one simulated machine, or of one test; one thread.
// Invariants: after the crash no operation does anything until restart().
#pragma once

#include <cstdint>
#include <limits>

#include "weir/core/error.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// When a crash happens, relative to the operation with the given number (from 0).
enum class crash_phase : std::uint8_t { before, inside, after };

class disk_fate {
 public:
  void crash_at(std::uint64_t operation, crash_phase phase) {
    crash_operation_ = operations_ + operation;
    phase_ = phase;
  }
  void no_crash() { crash_operation_ = never; }
  void restart() { crashed_ = false, no_crash(); }

  bool crashed() const { return crashed_; }
  std::uint64_t operations() const { return operations_; }

  /// Counts one write or sync. `effect(inside)` carries it out, wholly or, when `inside`, in part.
  template <class Effect>
  result<void> operation(Effect effect) {
    if (crashed_) return crash_error();
    const bool now = operations_++ == crash_operation_;
    if (now && phase_ == crash_phase::before) return crash();
    result<void> done = effect(now && phase_ == crash_phase::inside);
    if (now) return crash();
    return done;
  }
  error crash_error() const { return {error_code::io, "the process is gone"}; }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  result<void> crash() {
    crashed_ = true;
    return crash_error();
  }

  std::uint64_t operations_ = 0;
  std::uint64_t crash_operation_ = never;
  crash_phase phase_ = crash_phase::before;
  bool crashed_ = false;
};

}  // namespace weir
