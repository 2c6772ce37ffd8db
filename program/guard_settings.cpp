// SPDX-License-Identifier: Apache-2.0
#include "program/guard_settings.hpp"

#include "common/duration.hpp"

namespace weir {

result<guard_settings> guard_settings::from(const configuration& settings) {
  const guard_settings made{
      .attempts = static_cast<std::uint32_t>(settings.get_integer("guard.restart.attempts")),
      .initial_backoff = settings.get_duration("guard.restart.initial-backoff"),
      .max_backoff = settings.get_duration("guard.restart.max-backoff"),
      .reset_threshold = settings.get_duration("guard.restart.reset-threshold")};
  if (made.initial_backoff > made.max_backoff) {
    return error{error_code::invalid_argument,
                 "guard.restart.initial-backoff = " + print_duration(made.initial_backoff) +
                     " is longer than guard.restart.max-backoff = " +
                     print_duration(made.max_backoff) + "; expected at most that"};
  }
  return made;
}

}  // namespace weir
