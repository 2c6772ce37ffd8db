// SPDX-License-Identifier: Apache-2.0
#include "program/runtime_options.hpp"

#include <memory>
#include <utility>

#include "common/log.hpp"
#include "program/environment_settings.hpp"

namespace weir {

result<job_runtime_options> runtime_options_of(const environment& env, const start_options& start) {
  auto settings = environment_settings::from(env);
  if (!settings) return settings.error();
  auto physical = make_plan(env.share_graph(), settings->planning);
  if (!physical) return physical.error();
  for (const auto& notice : settings->notices)
    logger(log_layer::program, {.job = env.name()}).warn(notice);
  job_runtime_options options;
  options.job = settings->job;
  options.physical = std::make_shared<const plan>(std::move(*physical));
  options.checkpoints = settings->checkpoints;
  options.restarts = settings->restarts;
  options.tasks = settings->tasks;
  options.watch = settings->watch;
  options.state_directory = settings->state_directory;
  options.fresh = start.fresh;
  options.from = start.from;
  options.allow_duplicates = start.allow_duplicates;
  return options;
}

}  // namespace weir
