// SPDX-License-Identifier: Apache-2.0
#include "program/guard_policy.hpp"

#include <string.h>

#include <algorithm>
#include <string_view>

#include "common/duration.hpp"
#include "weir/program.hpp"

namespace weir {

bool process_end::is_crash() const {
  return how == kind::signalled || number == exit_hung;
}

std::string process_end::text() const {
  if (how == kind::signalled) {
    const char* name = sigabbrev_np(number);
    return "died of " +
           (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(number));
  }
  return "ended with exit code " + std::to_string(number) +
         (number == exit_hung ? " (a task hangs)" : "");
}

guard_decision guard_policy::on_process_end(const process_end& end,
                                            std::chrono::nanoseconds ran_for) {
  if (!end.is_crash()) return end_guard{end.exit_code(), {}};
  if (requested_) return end_guard{end.exit_code(), "it was asked to end"};
  if (ran_for >= settings_.reset_threshold) attempts_ = 0;
  if (attempts_ == settings_.attempts) {
    return end_guard{end.exit_code(), std::to_string(attempts_) +
                                          " restarts in a row, none of which ran for " +
                                          print_duration(settings_.reset_threshold) +
                                          ", are all that guard.restart.attempts allows"};
  }
  ++attempts_;
  if (attempts_ == 1) return start_again{std::chrono::nanoseconds(0), attempts_};
  auto delay = settings_.initial_backoff;
  for (std::uint32_t i = 2; i < attempts_ && delay < settings_.max_backoff; ++i) delay *= 2;
  return start_again{std::min(delay, settings_.max_backoff), attempts_};
}

std::vector<std::string> arguments_of_start(const std::vector<std::string>& first, bool resumable) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string_view text = first[i];
    if (text == "--guard" || text.starts_with("--guard=")) continue;
    if (resumable && (text == "--fresh" || text.starts_with("--fresh="))) continue;
    if (resumable && text.starts_with("--from=")) continue;
    if (resumable && text == "--from") {
      ++i;  // its number
      continue;
    }
    kept.push_back(first[i]);
  }
  return kept;
}

}  // namespace weir
