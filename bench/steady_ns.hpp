// SPDX-License-Identifier: Apache-2.0
// The clock of the benchmarks' time stamps.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir::bench {

/// Nanoseconds of the steady clock, from any point of time.
inline std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace weir::bench
