// SPDX-License-Identifier: Apache-2.0
#include "program/environment_settings.hpp"

#include <utility>

#include "common/configuration_key.hpp"
#include "program/guard_settings.hpp"
#include "rest/rest_settings.hpp"

namespace weir {

namespace {

/// The guard runs before the program does, so it cannot know what the program sets.
void note_guard_settings(const environment& of, std::vector<std::string>& notices) {
  for (const auto& [key, value] : of.settings()) {
    if (!key.starts_with("guard.")) continue;
    notices.push_back("setting " + key + " = " + value +
                      " (program) has no effect: the guard runs none of the program's code; set it "
                      "in weir.yaml, as " +
                      variable_of(key) + " or by -D");
  }
}

}  // namespace

std::vector<settings_rule> settings_rules() {
  return {restart_settings::rule(), guard_settings::rule(), rest::rest_settings::rule(),
          injection_settings::rule()};
}

result<configuration> configuration_of(const environment& of, std::vector<std::string> mistakes) {
  read_settings read{.given = {}, .mistakes = std::move(mistakes)};
  for (const auto& [key, value] : of.settings()) read.given.push_back({key, value, "program"});
  read.append({.given = of.overrides(), .mistakes = {}});
  return configuration::from(read, settings_rules());
}

result<environment_settings> environment_settings::from(const environment& of) {
  auto config = configuration_of(of);
  if (!config) return config.error();
  environment_settings made;
  made.job = config->has_value("pipeline.name") ? config->get_text("pipeline.name") : of.name();
  made.planning.default_parallelism =
      static_cast<std::uint32_t>(config->get_integer("parallelism.default"));
  made.planning.chaining = config->get_boolean("pipeline.operator-chaining.enabled");
  made.checkpoints = checkpoint_settings::from(*config);
  made.restarts = restart_settings::from(*config);
  made.tasks.mode = made.checkpoints.mode == checkpoint_mode::exactly_once
                        ? alignment::exactly_once
                        : alignment::at_least_once;
  made.tasks.buffer_timeout = config->get_duration("execution.buffer-timeout.interval");
  made.tasks.latency_interval = config->get_duration("metrics.latency.interval");
  made.history.checkpoints =
      static_cast<std::size_t>(config->get_integer("web.checkpoints.history"));
  made.history.exceptions =
      static_cast<std::size_t>(config->get_integer("web.exception-history-size"));
  for (auto& one : config->effective()) made.effective.emplace_back(one.key, one.value);
  made.watch = watchdog_settings::from(*config);
  made.state_directory = config->is_set("state.dir")
                             ? std::filesystem::path(config->get_text("state.dir"))
                             : std::filesystem::path("weir-state") / made.job;
  made.tasks.state_directory = made.state_directory.string();
  made.notices = config->notices();
  note_guard_settings(of, made.notices);
  made.injection = injection_settings::from(*config);
  for (const auto& more : {made.restarts.notices(*config), made.injection.notices(*config)}) {
    made.notices.insert(made.notices.end(), more.begin(), more.end());
  }
  made.given = std::move(*config);
  return made;
}

}  // namespace weir
