// SPDX-License-Identifier: Apache-2.0
// watchdog looks after the tasks from a thread of its own: a task that holds its thread beyond the bound is reported with
// that thread's stack, and the process ends with exit code 4, because a thread cannot be taken away from user code; a
// process that outgrows its memory bound has its job failed while it still can be.
//
// Owner:      the job's runtime. Its thread reads pulses and /proc, and touches nothing else of the tasks.
// Invariants: (1) no scheduler thread is needed for it to act, and no lock that user code could hold: the kernel ends the
//             process should even reporting hang; (2) the destructor returns when the thread is gone.
// Source:     PROTOCOL rule P20.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/log.hpp"
#include "common/thread_stack.hpp"
#include "coordinator/hang_detector.hpp"
#include "coordinator/memory_bound.hpp"
#include "coordinator/watchdog_settings.hpp"
#include "dataflow/task_pulse.hpp"
#include "weir/core/error.hpp"

namespace weir {

/// Exit codes of a process that the watchdog ends.
inline constexpr int hang_exit_code = 4;
inline constexpr int memory_exit_code = 1;

struct watchdog_options {
  std::string job;
  watchdog_settings settings;
  std::shared_ptr<const task_pulses> pulses;
  std::vector<std::string> task_names;   ///< by task id
  std::function<void(error)> fail_job;   ///< from the watchdog's thread
  std::function<void(int)> end_process;  ///< does not return
};

class watchdog {
 public:
  explicit watchdog(watchdog_options options);
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

 private:
  void run();
  void look_for_hangs();
  void look_at_memory();
  void on_hang(std::size_t task, pid_t thread);

  watchdog_options options_;
  std::chrono::nanoseconds period_;
  logger log_;
  thread_stack stacks_;
  hang_detector hangs_;
  memory_bound memory_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weir
