// SPDX-License-Identifier: Apache-2.0
// job_runtime runs one job in this process: opens the state directory, chooses the checkpoint to go on from, starts the
// actors, and ends them. CAF stays behind it.
//
// Owner:      the program that started the job; its functions may be called from any thread.
// Invariants: the destructor returns only when every actor and thread of the job is gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/checkpoint_settings.hpp"
#include "coordinator/job_machine.hpp"
#include "coordinator/job_observation.hpp"
#include "coordinator/restart_settings.hpp"
#include "coordinator/watchdog_settings.hpp"
#include "dataflow/fault_injector.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_core.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct job_runtime_options {
  std::string job;
  std::shared_ptr<const plan> physical;
  checkpoint_settings checkpoints;
  restart_settings restarts;
  task_settings tasks;
  watchdog_settings watch;
  std::filesystem::path state_directory;
  bool fresh = false;
  std::optional<epoch_id> from;
  bool allow_duplicates = false;
  history_limits history;
  std::vector<std::pair<std::string, std::string>> configuration;  ///< effective, for people
  std::shared_ptr<fault_injector> faults;  ///< nullptr: none are injected. A simulation has its own
};

struct job_status {
  bool over = false;
  bool cancelled = false;
  std::optional<error> failure;
  std::optional<epoch_id> restored_from;
  job_counters counters;
  std::vector<fault_count> faults{};  ///< that were to be injected
};

class job_runtime {
 public:
  /// Errors: in_use, corrupt, incompatible, not_found, io of the state directory; incompatible when the program does not
  /// fit the checkpoint, or when going back could repeat output (P18).
  static result<std::unique_ptr<job_runtime>> start(job_runtime_options options);
  ~job_runtime();
  job_runtime(const job_runtime&) = delete;
  job_runtime& operator=(const job_runtime&) = delete;

  job_status status() const;
  /// Blocks until the job is over.
  job_status wait();
  void cancel();
  bool crash_task(std::string_view task);
  /// One more fault, in the notation of weir.injection.plan. Errors: invalid_argument (faults are not enabled; the text),
  /// limit.
  result<void> inject(std::string_view fault);
  /// What can be seen of the job, and asked of it; as long as this lives.
  job_controls& controls();
  /// Blocks until a request of the controls has come out.
  result<epoch_id> wait_for(std::uint64_t request);

 private:
  struct actors;
  class remote;
  job_runtime(std::unique_ptr<actors> running, std::unique_ptr<remote> controls);
  void report_faults() const;
  std::unique_ptr<actors> actors_;
  std::unique_ptr<remote> remote_;
};

}  // namespace weir
