// SPDX-License-Identifier: Apache-2.0
#include "weir/environment.hpp"

#include <utility>

#include "common/configuration.hpp"
#include "common/log.hpp"
#include "coordinator/job_runtime.hpp"
#include "program/environment_settings.hpp"

namespace weir {

environment::environment(std::string name)
    : name_(std::move(name)), graph_(std::make_shared<graph>()) {}
environment::~environment() = default;
environment::environment(environment&&) noexcept = default;
environment& environment::operator=(environment&&) noexcept = default;

result<std::string> environment::plan() const {
  auto settings = environment_settings::from(*this);
  if (!settings) return settings.error();
  auto physical = make_plan(graph_, settings->planning);
  if (!physical) return physical.error();
  return describe(*physical);
}

/// The running job behind all copies of a handle.
class job::control {
 public:
  explicit control(std::unique_ptr<job_runtime> runtime) : runtime_(std::move(runtime)) {}
  job_runtime& runtime() { return *runtime_; }

 private:
  std::unique_ptr<job_runtime> runtime_;
};

namespace {

job_report report_of(const job_status& status) {
  job_report report;
  if (!status.over) {
    report.state = status.counters.restarting ? job_state::restarting : job_state::running;
  } else if (status.failure) {
    report.state = job_state::failed;
  } else {
    report.state = status.cancelled ? job_state::cancelled : job_state::finished;
  }
  report.failure = status.failure;
  report.restored_from = status.restored_from;
  report.last_completed = status.counters.last_completed;
  report.checkpoints_completed = status.counters.completed;
  report.checkpoints_failed = status.counters.failed;
  report.restarts = status.counters.restarts;
  report.last_restart = status.counters.last_restart;
  return report;
}

}  // namespace

result<job> environment::execute(const start_options& start) {
  auto settings = environment_settings::from(*this);
  if (!settings) return settings.error();
  auto physical = make_plan(graph_, settings->planning);
  if (!physical) return physical.error();
  for (const auto& notice : settings->notices)
    logger(log_layer::program, {.job = name_}).warn(notice);
  job_runtime_options options;
  options.job = settings->job;
  options.physical = std::make_shared<const weir::plan>(std::move(*physical));
  options.checkpoints = settings->checkpoints;
  options.restarts = settings->restarts;
  options.tasks = settings->tasks;
  options.watch = settings->watch;
  options.state_directory = settings->state_directory;
  options.fresh = start.fresh;
  options.from = start.from;
  options.allow_duplicates = start.allow_duplicates;
  auto running = job_runtime::start(std::move(options));
  if (!running) return running.error();
  return job(std::make_shared<job::control>(std::move(*running)));
}

job_report job::wait() {
  return report_of(control_->runtime().wait());
}
job_report job::status() const {
  return report_of(control_->runtime().status());
}
void job::cancel() {
  control_->runtime().cancel();
}
bool job::crash_task(const std::string& task) {
  return control_->runtime().crash_task(task);
}

}  // namespace weir
