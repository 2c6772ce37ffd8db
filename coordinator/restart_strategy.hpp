// SPDX-License-Identifier: Apache-2.0
// restart_strategy decides after each failure of a job whether it is restarted, and after which
// delay, or given up.
//
// Owner:      the coordinator. Not thread safe; time and chance are passed in.
// Invariants: (1) once it has given up, it gives up for good; (2) a delay is never negative and,
//             with exponential-delay, never above max_backoff; (3) memory is bounded by
//             failures_per_interval.
// Source:     Flink's restart strategies; with exponential-delay, weir restarts at once after the
//             first failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "coordinator/restart_settings.hpp"

namespace weir {

struct restart_after {
  std::chrono::nanoseconds delay;  ///< 0: at once
};

/// The job has failed; the reason tells how often, within what time, and why at first and at last.
struct give_up {
  std::string reason;
};

using restart_decision = std::variant<restart_after, give_up>;

class restart_strategy {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit restart_strategy(const restart_settings& settings) : settings_(settings) {}

  /// One call for each failure that ended an attempt (several tasks that fell to one cause are one
  /// failure). `now` does not go back; 0 <= random01 < 1; `cause` says what failed.
  restart_decision on_failure(time_point now, double random01, std::string_view cause);

  /// Failures so far, for reports.
  std::uint64_t failures() const { return failures_; }

 private:
  std::optional<std::string> refusal(time_point now);
  std::optional<std::string> failure_rate_refusal(time_point now);
  std::optional<std::string> exponential_refusal();
  void reset_after_quiet_time(time_point now);
  std::chrono::nanoseconds next_delay(double random01);
  std::chrono::nanoseconds next_backoff(double random01);
  std::string story(const std::string& bound, time_point now, std::string_view cause) const;

  restart_settings settings_;
  std::uint64_t failures_ = 0;
  time_point first_failure_{};
  std::string first_cause_;
  std::optional<std::string> given_up_;

  std::deque<time_point> recent_;  // failure-rate: failures within the interval

  // exponential-delay, since the last quiet time
  std::uint64_t failures_since_reset_ = 0;
  std::chrono::nanoseconds backoff_{0};  // without jitter; 0: the next restart is the first
  time_point restarted_{};               // when the last ordered restart was due
};

}  // namespace weir
