// SPDX-License-Identifier: Apache-2.0
#include "program/runtime_options.hpp"

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "common/log.hpp"
#include "program/environment_settings.hpp"

namespace weir {
namespace {

/// nullptr: none are to be injected.
result<std::shared_ptr<fault_injector>> make_faults(const environment_settings& settings,
                                                    std::shared_ptr<const plan> physical) {
  const auto& wanted = settings.injection;
  if (!wanted.enabled) return std::shared_ptr<fault_injector>();
  const auto seed = wanted.seed.value_or(std::random_device{}());
  auto made = fault_injector::make(wanted.plan, std::move(physical), seed);
  if (made) {
    logger(log_layer::program, {.job = settings.job})
        .warn("faults will be injected: " + std::to_string(wanted.plan.size()) +
              " of weir.injection.plan, with weir.injection.seed=" + std::to_string(seed));
  }
  return made;
}

}  // namespace

result<job_runtime_options> runtime_options_of(const environment& env, const start_options& start) {
  auto settings = environment_settings::from(env);
  if (!settings) return settings.error();
  auto physical = make_plan(env.share_graph(), settings->planning);
  if (!physical) return physical.error();
  for (const auto& notice : settings->notices)
    logger(log_layer::program, {.job = env.name()}).warn(notice);
  const auto shared_plan = std::make_shared<const weir::plan>(std::move(*physical));
  auto faults = make_faults(*settings, shared_plan);
  if (!faults) return faults.error();
  job_runtime_options options;
  options.faults = std::move(*faults);
  options.job = settings->job;
  options.physical = shared_plan;
  options.checkpoints = settings->checkpoints;
  options.restarts = settings->restarts;
  options.tasks = settings->tasks;
  options.watch = settings->watch;
  options.history = settings->history;
  options.configuration = std::move(settings->effective);
  options.state_directory = settings->state_directory;
  options.fresh = start.fresh;
  options.from = start.from;
  options.allow_duplicates = start.allow_duplicates;
  return options;
}

}  // namespace weir
