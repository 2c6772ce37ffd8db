// SPDX-License-Identifier: Apache-2.0
// Specifies how checkpoint_settings and restart_settings follow from the configuration, and what
// they refuse.
#include <doctest/doctest.h>

#include "coordinator/checkpoint_settings.hpp"
#include "coordinator/restart_settings.hpp"

using namespace std::chrono_literals;
using weir::checkpoint_settings;
using weir::configuration;
using weir::restart_kind;
using weir::restart_settings;

namespace {

configuration given(std::vector<std::string> assignments) {
  auto made = configuration::from(assignments);
  REQUIRE(made);
  return *made;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("the defaults of the structs are those of the configuration") {
  const auto checkpoints = checkpoint_settings::from(configuration());
  CHECK(describe(checkpoints) ==
        "Checkpoints: each 1 s, EXACTLY_ONCE\n  markers are aligned on every exchange\n");
  const checkpoint_settings plain;
  CHECK(checkpoints.interval == plain.interval);
  CHECK(checkpoints.timeout == plain.timeout);
  CHECK(checkpoints.min_pause == plain.min_pause);
  CHECK(checkpoints.tolerable_failures == plain.tolerable_failures);
  CHECK(checkpoints.retained == plain.retained);
  CHECK(checkpoints.mode == plain.mode);
  CHECK(checkpoints.enabled());

  const auto restarts = restart_settings::from(configuration());
  const restart_settings standard;
  CHECK(restarts.kind == standard.kind);
  CHECK(restarts.fixed_delay.attempts == standard.fixed_delay.attempts);
  CHECK(restarts.fixed_delay.delay == standard.fixed_delay.delay);
  CHECK(restarts.failure_rate.failures_per_interval == standard.failure_rate.failures_per_interval);
  CHECK(restarts.failure_rate.interval == standard.failure_rate.interval);
  CHECK(restarts.failure_rate.delay == standard.failure_rate.delay);
  const auto& backoff = restarts.exponential_delay;
  CHECK(backoff.initial_backoff == standard.exponential_delay.initial_backoff);
  CHECK(backoff.max_backoff == standard.exponential_delay.max_backoff);
  CHECK(backoff.multiplier == standard.exponential_delay.multiplier);
  CHECK(backoff.jitter == standard.exponential_delay.jitter);
  CHECK(backoff.reset_threshold == standard.exponential_delay.reset_threshold);
  CHECK_FALSE(backoff.attempts_before_reset.has_value());
}

TEST_CASE("checkpoint settings are taken from their keys") {
  const auto made = checkpoint_settings::from(given(
      {"execution.checkpointing.interval=200 ms", "execution.checkpointing.timeout=5 s",
       "execution.checkpointing.min-pause=10 ms",
       "execution.checkpointing.tolerable-failed-checkpoints=0",
       "execution.checkpointing.num-retained=4", "execution.checkpointing.mode=AT_LEAST_ONCE"}));
  CHECK(made.interval == 200ms);
  CHECK(made.timeout == 5s);
  CHECK(made.min_pause == 10ms);
  CHECK(made.tolerable_failures == 0);
  CHECK(made.retained == 4);
  CHECK(made.mode == weir::checkpoint_mode::at_least_once);
  CHECK(describe(made).starts_with("Checkpoints: each 200 ms, AT_LEAST_ONCE\n"));
  CHECK(describe(made).find("aligned on no exchange") != std::string::npos);
  const auto none = checkpoint_settings::from(given({"execution.checkpointing.interval=0"}));
  CHECK_FALSE(none.enabled());
  CHECK(describe(none) == "Checkpoints: none by time\n");
}

TEST_CASE("several checkpoints at a time and unaligned ones are refused with the reason (P8)") {
  configuration made;
  const auto two = made.set("execution.checkpointing.max-concurrent-checkpoints", "2");
  REQUIRE_FALSE(two);
  CHECK(two.error().code == weir::error_code::invalid_argument);
  CHECK(has(two.error().message, "max-concurrent-checkpoints = \"2\""));
  CHECK(has(two.error().message, "one frozen image"));
  CHECK(has(two.error().message, "expected 1"));

  const auto unaligned = made.set("execution.checkpointing.unaligned.enabled", "true");
  REQUIRE_FALSE(unaligned);
  CHECK(has(unaligned.error().message, "not supported"));
  CHECK(has(unaligned.error().message, "expected false"));
  CHECK(made.set("execution.checkpointing.unaligned.enabled", "False"));
}

TEST_CASE("each restart strategy is chosen by name; without one it depends on checkpointing") {
  const std::pair<const char*, restart_kind> examples[] = {
      {"none", restart_kind::none},
      {"off", restart_kind::none},
      {"disable", restart_kind::none},
      {"fixed-delay", restart_kind::fixed_delay},
      {"failurerate", restart_kind::failure_rate},
      {"Exponential-Delay", restart_kind::exponential_delay},
  };
  for (const auto& [name, kind] : examples) {
    CAPTURE(name);
    const auto made = restart_settings::from(given({"restart-strategy.type=" + std::string(name)}));
    CHECK(made.kind == kind);
  }
  CHECK(restart_settings::from(given({"execution.checkpointing.interval=0"})).kind ==
        restart_kind::none);
}

TEST_CASE("restart settings are taken from their keys") {
  const auto made = restart_settings::from(
      given({"restart-strategy.fixed-delay.attempts=7", "restart-strategy.fixed-delay.delay=3 s",
             "restart-strategy.failure-rate.max-failures-per-interval=4",
             "restart-strategy.failure-rate.failure-rate-interval=2 min",
             "restart-strategy.failure-rate.delay=20 ms",
             "restart-strategy.exponential-delay.initial-backoff=10 ms",
             "restart-strategy.exponential-delay.max-backoff=1 s",
             "restart-strategy.exponential-delay.backoff-multiplier=2",
             "restart-strategy.exponential-delay.jitter-factor=0",
             "restart-strategy.exponential-delay.reset-backoff-threshold=1 min",
             "restart-strategy.exponential-delay.attempts-before-reset-backoff=9"}));
  CHECK(made.fixed_delay.attempts == 7);
  CHECK(made.fixed_delay.delay == 3s);
  CHECK(made.failure_rate.failures_per_interval == 4);
  CHECK(made.failure_rate.interval == 2min);
  CHECK(made.failure_rate.delay == 20ms);
  CHECK(made.exponential_delay.initial_backoff == 10ms);
  CHECK(made.exponential_delay.max_backoff == 1s);
  CHECK(made.exponential_delay.multiplier == 2.0);
  CHECK(made.exponential_delay.jitter == 0.0);
  CHECK(made.exponential_delay.reset_threshold == 1min);
  CHECK(made.exponential_delay.attempts_before_reset == 9u);
}

TEST_CASE("backoffs that contradict each other break the rule of restart settings") {
  const std::string prefix = "restart-strategy.exponential-delay.";
  CHECK(restart_settings::rule().holds(configuration()));
  CHECK(restart_settings::rule().holds(given({prefix + "initial-backoff=1 min"})));
  CHECK_FALSE(restart_settings::rule().holds(given({prefix + "initial-backoff=61 s"})));
  CHECK_FALSE(restart_settings::rule().holds(given({prefix + "max-backoff=1 ms"})));
}

TEST_CASE("settings of another restart strategy than the job's are told to have no effect") {
  const auto told = [](std::vector<std::string> assignments) {
    const auto settings = given(std::move(assignments));
    return restart_settings::from(settings).notices(settings);
  };
  const std::string attempts = "restart-strategy.fixed-delay.attempts=3";
  CHECK(told({attempts}) ==
        std::vector<std::string>{"setting restart-strategy.fixed-delay.attempts = 3 has no effect: "
                                 "the job's restart strategy is exponential-delay"});
  CHECK(told({attempts, "restart-strategy.type=fixed-delay"}).empty());
  CHECK(told({attempts, "restart-strategy.type=failure-rate",
              "restart-strategy.failure-rate.delay=1 s"})
            .size() == 1);
  CHECK(told({"restart-strategy.exponential-delay.max-backoff=2 min"}).empty());
  CHECK(told({"restart-strategy.exponential-delay.max-backoff=2 min", "restart-strategy=none"})
            .size() == 1);
}
