// SPDX-License-Identifier: Apache-2.0
#include "program/environment_settings.hpp"

#include <utility>

#include "common/configuration.hpp"

namespace weir {

result<environment_settings> environment_settings::from(const environment& of) {
  std::vector<std::string> assignments;
  for (const auto& [key, value] : of.settings()) assignments.push_back(key + "=" + value);
  auto config = configuration::from(assignments);
  if (!config) return config.error();
  auto checkpoints = checkpoint_settings::from(*config);
  if (!checkpoints) return checkpoints.error();
  auto restarts = restart_settings::from(*config);
  if (!restarts) return restarts.error();
  auto injection = injection_settings::from(*config);
  if (!injection) return injection.error();

  environment_settings made;
  made.job = config->has_value("pipeline.name") ? config->get_text("pipeline.name") : of.name();
  made.planning.default_parallelism =
      static_cast<std::uint32_t>(config->get_integer("parallelism.default"));
  made.planning.chaining = config->get_boolean("pipeline.operator-chaining.enabled");
  made.checkpoints = *checkpoints;
  made.restarts = *restarts;
  made.tasks.mode = checkpoints->mode == checkpoint_mode::exactly_once ? alignment::exactly_once
                                                                       : alignment::at_least_once;
  made.tasks.buffer_timeout = config->get_duration("execution.buffer-timeout.interval");
  made.watch = watchdog_settings::from(*config);
  made.state_directory = config->is_set("state.dir")
                             ? std::filesystem::path(config->get_text("state.dir"))
                             : std::filesystem::path("weir-state") / made.job;
  made.tasks.state_directory = made.state_directory.string();
  made.notices = config->notices();
  if (auto notice = injection->notice(); !notice.empty()) made.notices.push_back(std::move(notice));
  made.injection = std::move(*injection);
  return made;
}

}  // namespace weir
