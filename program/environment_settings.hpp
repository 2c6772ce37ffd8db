// SPDX-License-Identifier: Apache-2.0
// environment_settings is what the runtime makes of an environment's settings: checked, typed, with defaults.
//
// Owner:      a value.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/configuration.hpp"
#include "coordinator/checkpoint_settings.hpp"
#include "coordinator/injection_settings.hpp"
#include "coordinator/job_history.hpp"
#include "coordinator/restart_settings.hpp"
#include "coordinator/watchdog_settings.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_core.hpp"
#include "weir/core/result.hpp"
#include "weir/environment.hpp"

namespace weir {

struct environment_settings {
  configuration given;  ///< all of it, as it was read
  std::string job;
  plan_options planning;
  checkpoint_settings checkpoints;
  restart_settings restarts;
  task_settings tasks;
  watchdog_settings watch;
  injection_settings injection;
  history_limits history;
  std::vector<std::pair<std::string, std::string>> effective;  ///< every key that has a value
  std::filesystem::path state_directory;  ///< `state.dir`, else weir-state/<job>
  std::vector<std::string> notices;

  /// Errors: invalid_argument with everything that is wrong, a line each.
  static result<environment_settings> from(const environment& of);
};

/// All rules over several settings of a job.
std::vector<settings_rule> settings_rules();

/// The settings of the program under those of whoever runs it. Errors: as above, behind these mistakes of the reading.
result<configuration> configuration_of(const environment& of,
                                       std::vector<std::string> mistakes = {});

}  // namespace weir
