// SPDX-License-Identifier: Apache-2.0
// guard_settings says how often, and after which waits, `run --guard` starts a process again.
//
// Owner:      a value; read from the configuration at the start.
// Invariants: 0 < initial_backoff <= max_backoff.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/configuration.hpp"

namespace weir {

struct guard_settings {
  std::uint32_t attempts = 10;  ///< restarts without a quiet time
  std::chrono::nanoseconds initial_backoff = std::chrono::milliseconds(200);
  std::chrono::nanoseconds max_backoff = std::chrono::seconds(10);
  std::chrono::nanoseconds reset_threshold = std::chrono::minutes(1);

  /// REQUIRES: rule() holds.
  static guard_settings from(const configuration& settings);
  /// The backoffs do not contradict each other.
  static settings_rule rule();
};

}  // namespace weir
