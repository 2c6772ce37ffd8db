// SPDX-License-Identifier: Apache-2.0
#include "weir/environment.hpp"

#include <utility>

#include "coordinator/job_runtime.hpp"
#include "program/environment_settings.hpp"
#include "program/job_control.hpp"
#include "program/start_job.hpp"

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
  return describe(*physical) + "\n" + describe(settings->checkpoints);
}

/// A number that the runtime gave out; it stays known as long as the job's runtime lives.
class checkpoint_request::tracker {
 public:
  tracker(std::shared_ptr<job::control> of, std::uint64_t number)
      : of_(std::move(of)), number_(number) {}
  std::optional<result<epoch_id>> outcome() const {
    if (number_ == 0) return over();
    return of_->runtime().controls().outcome_of(number_);
  }
  result<epoch_id> wait() const { return number_ == 0 ? over() : of_->runtime().wait_for(number_); }

 private:
  static error over() { return {error_code::not_found, "the job has ended"}; }
  std::shared_ptr<job::control> of_;
  std::uint64_t number_;
};

std::optional<result<epoch_id>> checkpoint_request::outcome() const {
  return tracker_->outcome();
}
result<epoch_id> checkpoint_request::wait() const {
  return tracker_->wait();
}

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
  return start_job(*this, start, rest::serving::when_asked);
}

job_report job::wait() {
  return report_of(control_->runtime().wait());
}
job_report job::status() const {
  return report_of(control_->runtime().status());
}
checkpoint_request job::checkpoint() {
  const auto number = control_->runtime().controls().checkpoint_now();
  return checkpoint_request(std::make_shared<checkpoint_request::tracker>(control_, number));
}
checkpoint_request job::stop() {
  const auto number = control_->runtime().controls().stop();
  return checkpoint_request(std::make_shared<checkpoint_request::tracker>(control_, number));
}
void job::cancel() {
  control_->runtime().cancel();
}
bool job::crash_task(const std::string& task) {
  return control_->runtime().crash_task(task);
}
result<void> job::inject(const std::string& fault) {
  return control_->runtime().inject(fault);
}

}  // namespace weir
