// SPDX-License-Identifier: Apache-2.0
#include "program/guard_settings.hpp"

namespace weir {

guard_settings guard_settings::from(const configuration& settings) {
  WEIR_CHECK(rule().holds(settings));
  return {.attempts = static_cast<std::uint32_t>(settings.get_integer("guard.restart.attempts")),
          .initial_backoff = settings.get_duration("guard.restart.initial-backoff"),
          .max_backoff = settings.get_duration("guard.restart.max-backoff"),
          .reset_threshold = settings.get_duration("guard.restart.reset-threshold")};
}

settings_rule guard_settings::rule() {
  return {{"guard.restart.initial-backoff", "guard.restart.max-backoff"},
          [](const configuration& settings) -> std::string {
            if (settings.get_duration("guard.restart.initial-backoff") <=
                settings.get_duration("guard.restart.max-backoff")) {
              return {};
            }
            return "expected an initial backoff that is at most the longest";
          }};
}

}  // namespace weir
