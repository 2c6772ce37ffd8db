// SPDX-License-Identifier: Apache-2.0
#include "weir/environment.hpp"

#include <utility>

#include "coordinator/job_runtime.hpp"
#include "program/environment_settings.hpp"
#include "program/runtime_options.hpp"

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
  for (const auto& fault : status.faults) report.faults.push_back({fault.text, fault.hits});
  return report;
}

}  // namespace

result<job> environment::execute(const start_options& start) {
  auto options = runtime_options_of(*this, start);
  if (!options) return options.error();
  auto running = job_runtime::start(std::move(*options));
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
