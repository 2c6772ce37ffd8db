// SPDX-License-Identifier: Apache-2.0
// restart_settings says which restart strategy a job has, with its numbers; restart_strategy
// decides by them.
//
// Owner:      a value; read from the configuration at the start.
// Invariants: 0 < initial_backoff <= max_backoff; multiplier >= 1; 0 <= jitter <= 1; counts >= 1.
// Source:     Flink's restart-strategy.*.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/configuration.hpp"

namespace weir {

enum class restart_kind : std::uint8_t {
  none,               ///< the first failure fails the job
  fixed_delay,        ///< a number of restarts, each after the same delay
  failure_rate,       ///< any number of restarts, as long as failures are rare enough
  exponential_delay,  ///< the first at once, then ever longer delays until the job runs quietly
                      ///< again
};

/// "exponential-delay", as in the configuration.
std::string_view to_string(restart_kind kind);

struct fixed_delay_settings {
  std::uint32_t attempts = 1;
  std::chrono::nanoseconds delay = std::chrono::seconds(1);
};

struct failure_rate_settings {
  std::uint32_t failures_per_interval = 1;
  std::chrono::nanoseconds interval = std::chrono::minutes(1);
  std::chrono::nanoseconds delay = std::chrono::seconds(1);
};

struct exponential_delay_settings {
  std::chrono::nanoseconds initial_backoff =
      std::chrono::seconds(1);  ///< before the second restart
  std::chrono::nanoseconds max_backoff = std::chrono::minutes(1);
  double multiplier = 1.5;
  double jitter = 0.1;
  std::chrono::nanoseconds reset_threshold = std::chrono::hours(1);
  std::optional<std::uint32_t> attempts_before_reset{};  ///< absent: no bound
};

struct restart_settings {
  restart_kind kind = restart_kind::exponential_delay;
  fixed_delay_settings fixed_delay{};
  failure_rate_settings failure_rate{};
  exponential_delay_settings exponential_delay{};

  /// Without restart-strategy.type: exponential-delay, or none when checkpointing is off (there
  /// would be nothing but the beginning to go back to). REQUIRES: rule() holds.
  static restart_settings from(const configuration& settings);
  /// The backoffs do not contradict each other.
  static settings_rule rule();
  /// What a user should know: settings of a strategy that is not the job's.
  std::vector<std::string> notices(const configuration& settings) const;
};

}  // namespace weir
