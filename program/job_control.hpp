// SPDX-License-Identifier: Apache-2.0
// job::control is the running job behind all copies of a job handle. weir's own program code gets at the runtime through
// it: `running.share_control()->runtime().controls()`.
//
// Owner:      shared by the handles; any thread.
// Invariants: when the last one goes while the job runs, the job is cancelled.
#pragma once

#include <memory>
#include <utility>

#include "coordinator/job_runtime.hpp"
#include "rest/job_service.hpp"
#include "weir/environment.hpp"

namespace weir {

class job::control {
 public:
  explicit control(std::unique_ptr<job_runtime> runtime) : runtime_(std::move(runtime)) {}
  job_runtime& runtime() { return *runtime_; }
  /// It answers HTTP for the job from now on.
  void serve_with(std::unique_ptr<rest::job_service> service) { service_ = std::move(service); }

 private:
  std::unique_ptr<job_runtime> runtime_;
  std::unique_ptr<rest::job_service> service_;  // or nullptr; goes before the job
};

}  // namespace weir
