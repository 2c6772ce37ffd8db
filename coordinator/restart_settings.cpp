// SPDX-License-Identifier: Apache-2.0
#include "coordinator/restart_settings.hpp"

#include <array>

namespace weir {
namespace {

constexpr std::array<restart_kind, 4> all_kinds = {restart_kind::none, restart_kind::fixed_delay,
                                                   restart_kind::failure_rate,
                                                   restart_kind::exponential_delay};

std::uint32_t get_count(const configuration& settings, std::string_view key) {
  return static_cast<std::uint32_t>(settings.get_integer(key));  // the table bounds it to 31 bits
}

restart_kind kind_of(const configuration& settings) {
  if (!settings.has_value("restart-strategy.type")) {
    const bool checkpoints = settings.get_duration("execution.checkpointing.interval").count() > 0;
    return checkpoints ? restart_kind::exponential_delay : restart_kind::none;
  }
  const auto name = settings.get_choice("restart-strategy.type");
  for (const auto kind : all_kinds) {
    if (to_string(kind) == name) return kind;
  }
  WEIR_CHECK(false, "the table of keys has a strategy that is not known here:", name);
  return restart_kind::none;
}

fixed_delay_settings fixed_delay_from(const configuration& settings) {
  return {.attempts = get_count(settings, "restart-strategy.fixed-delay.attempts"),
          .delay = settings.get_duration("restart-strategy.fixed-delay.delay")};
}

failure_rate_settings failure_rate_from(const configuration& settings) {
  return {.failures_per_interval =
              get_count(settings, "restart-strategy.failure-rate.max-failures-per-interval"),
          .interval = settings.get_duration("restart-strategy.failure-rate.failure-rate-interval"),
          .delay = settings.get_duration("restart-strategy.failure-rate.delay")};
}

exponential_delay_settings exponential_delay_from(const configuration& settings) {
  exponential_delay_settings made{
      .initial_backoff =
          settings.get_duration("restart-strategy.exponential-delay.initial-backoff"),
      .max_backoff = settings.get_duration("restart-strategy.exponential-delay.max-backoff"),
      .multiplier = settings.get_number("restart-strategy.exponential-delay.backoff-multiplier"),
      .jitter = settings.get_number("restart-strategy.exponential-delay.jitter-factor"),
      .reset_threshold =
          settings.get_duration("restart-strategy.exponential-delay.reset-backoff-threshold")};
  constexpr std::string_view attempts =
      "restart-strategy.exponential-delay.attempts-before-reset-backoff";
  if (settings.has_value(attempts)) made.attempts_before_reset = get_count(settings, attempts);
  return made;
}

}  // namespace

std::string_view to_string(restart_kind kind) {
  switch (kind) {
    case restart_kind::none:
      return "none";
    case restart_kind::fixed_delay:
      return "fixed-delay";
    case restart_kind::failure_rate:
      return "failure-rate";
    case restart_kind::exponential_delay:
      return "exponential-delay";
  }
  return "unknown";
}

restart_settings restart_settings::from(const configuration& settings) {
  WEIR_CHECK(rule().holds(settings));
  return {.kind = kind_of(settings),
          .fixed_delay = fixed_delay_from(settings),
          .failure_rate = failure_rate_from(settings),
          .exponential_delay = exponential_delay_from(settings)};
}

settings_rule restart_settings::rule() {
  return {{"restart-strategy.exponential-delay.initial-backoff",
           "restart-strategy.exponential-delay.max-backoff"},
          [](const configuration& settings) -> std::string {
            const auto backoff = exponential_delay_from(settings);
            if (backoff.initial_backoff <= backoff.max_backoff) return {};
            return "expected an initial backoff that is at most the longest";
          }};
}

std::vector<std::string> restart_settings::notices(const configuration& settings) const {
  const std::string own = "restart-strategy." + std::string(to_string(kind)) + ".";
  std::vector<std::string> all;
  for (const auto& key : configuration_keys()) {
    const bool others = key.name.starts_with("restart-strategy.") &&
                        key.name != "restart-strategy.type" && !key.name.starts_with(own);
    if (!others || !settings.is_set(key.name)) continue;
    all.push_back(settings.without_effect(
        key.name, "the job's restart strategy is " + std::string(to_string(kind))));
  }
  return all;
}

}  // namespace weir
