// SPDX-License-Identifier: Apache-2.0
// live_status shows a running job to whoever started it: on a terminal as one line that is written anew about four times a
// second, otherwise as a line of the log every ten seconds; at the end in one sentence.
//
// Owner:      the verb `run`; it has a thread of its own. The job must outlive it.
// Invariants: (1) lines of the log stand whole above the live line; (2) the terminal is left as it was found.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "coordinator/job_observation.hpp"
#include "program/live_line.hpp"

namespace weir {

enum class live_mode : std::uint8_t { terminal, log };

/// terminal when stderr is one and nothing else is printed there all the time.
live_mode live_mode_for(const plan& physical);

class live_status {
 public:
  live_status(const job_controls& job, live_mode mode);
  ~live_status();
  live_status(const live_status&) = delete;
  live_status& operator=(const live_status&) = delete;

  /// Ends the line and logs the last words. The job is over.
  void end();

 private:
  void run();
  void show();
  void stop();

  const job_controls& job_;
  live_mode mode_;
  std::string name_;
  std::string output_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace weir
