// SPDX-License-Identifier: Apache-2.0
// backoff says how long to wait before the next attempt to reach a peer: the delay doubles from
// initial to max, and a random half of it keeps many clients from coming back at the same moment.
//
// Owner:      whoever reconnects. Pure: no clock, no random source of its own.
// Invariants: initial / 2 <= next() <= max.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weir {

class backoff {
 public:
  using milliseconds = std::chrono::milliseconds;

  /// 100 ms is not felt by people; 5 s is the longest that a peer which is back should wait for us.
  explicit backoff(milliseconds initial = milliseconds(100), milliseconds max = milliseconds(5000))
      : initial_(std::max(initial, milliseconds(1))), max_(std::max(max, initial_)) {}

  /// The delay before the next attempt, between half and all of the current step; `random` is
  /// uniform over 64 bits.
  milliseconds next(std::uint64_t random) {
    const milliseconds step = step_ == milliseconds(0) ? initial_ : step_;
    step_ = step > max_ / 2 ? max_ : step * 2;
    ++attempts_;
    const auto half = static_cast<std::uint64_t>(step.count()) / 2;
    const std::uint64_t jitter = random % (half + 1);
    return step - milliseconds(static_cast<milliseconds::rep>(jitter));
  }
  /// After a success (bytes came, not only a connection: a peer may accept and close at once).
  void reset() {
    step_ = milliseconds(0);
    attempts_ = 0;
  }
  /// Delays given since the last reset.
  std::uint64_t attempts() const { return attempts_; }

 private:
  milliseconds initial_;
  milliseconds max_;
  milliseconds step_{0};
  std::uint64_t attempts_ = 0;
};

}  // namespace weir
