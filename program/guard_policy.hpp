// SPDX-License-Identifier: Apache-2.0
// guard_policy decides, after each end of the process that it guards, whether that was an end or a crash, and whether and
// when to start it again. A crash is a death by a signal that nobody asked for, or exit code 4 (a hang).
//
//   start --crash--> wait --delay over--> start        start --any other end--> end        wait --asked to end--> end
//
// Owner:      the guard. No process, no clock.
// Invariants: (1) after a request to end nothing is started again; (2) at most `attempts` restarts follow each other
//             without a process in between that ran for `reset_threshold`; (3) a wait is at most max_backoff.
// Source:     PROTOCOL rule P20.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "program/guard_settings.hpp"

namespace weir {

/// How a process ended.
struct process_end {
  enum class kind : std::uint8_t { exited, signalled };
  kind how = kind::exited;
  int number = 0;  ///< its exit code, or the signal

  bool is_crash() const;
  /// What a shell makes of it: the exit code, or 128 + the signal.
  int exit_code() const { return how == kind::exited ? number : 128 + number; }
  /// "died of SIGSEGV", "ended with exit code 4 (a task hangs)".
  std::string text() const;
};

/// Start it again after this time.
struct start_again {
  std::chrono::nanoseconds delay{0};
  std::uint32_t attempt = 0;  ///< 1: the first restart since a quiet time
};
/// The guard ends, too. `reason` is empty when there is nothing to explain.
struct end_guard {
  int exit_code = 0;
  std::string reason;
};
using guard_decision = std::variant<start_again, end_guard>;

class guard_policy {
 public:
  explicit guard_policy(const guard_settings& settings) : settings_(settings) {}

  /// Someone asked for the end by this signal (the last one counts).
  void on_end_requested(int signal) { requested_ = signal; }
  std::optional<int> end_requested() const { return requested_; }

  guard_decision on_process_end(const process_end& end, std::chrono::nanoseconds ran_for);

 private:
  guard_settings settings_;
  std::optional<int> requested_;
  std::uint32_t attempts_ = 0;  // since a quiet time
};

/// The command line of a start: `first` without --guard; once the job can be resumed, also without what says where to
/// begin (--fresh, --from N), since a restart goes on.
std::vector<std::string> arguments_of_start(const std::vector<std::string>& first, bool resumable);

}  // namespace weir
