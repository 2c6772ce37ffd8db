// SPDX-License-Identifier: Apache-2.0
#include "program/start_job.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "common/log.hpp"
#include "coordinator/job_runtime.hpp"
#include "program/environment_settings.hpp"
#include "program/job_control.hpp"
#include "program/runtime_options.hpp"

namespace weir {
namespace {

result<void> serve(job::control& running, const rest::rest_settings& settings,
                   rest::opened_port port, const environment_settings& of) {
  const logger log(log_layer::program, {.job = of.job});
  if (!port.notice.empty()) log.warn(port.notice);
  auto service = rest::job_service::start(running.runtime().controls(), settings, std::move(port),
                                          of.state_directory);
  if (!service) return service.error();
  log.info("the job answers HTTP at http://" + (*service)->address());
  running.serve_with(std::move(*service));
  return {};
}

}  // namespace

result<job> start_job(const environment& env, const start_options& start,
                      rest::serving by_default) {
  auto settings = environment_settings::from(env);
  if (!settings) return settings.error();
  const auto serving = rest::rest_settings::from(settings->given, by_default);
  auto options = runtime_options_of(env, start);
  if (!options) return options.error();
  // Before the job: a port that cannot be had is no reason to have begun.
  std::optional<rest::opened_port> port;
  if (serving.port) {
    auto opened = rest::open_port(serving);
    if (!opened) return opened.error();
    port = std::move(*opened);
  }
  auto running = job_runtime::start(std::move(*options));
  if (!running) return running.error();
  auto control = std::make_shared<job::control>(std::move(*running));
  if (port) {
    if (auto served = serve(*control, serving, std::move(*port), *settings); !served) {
      return served.error();
    }
  }
  return job(std::move(control));
}

}  // namespace weir
