// SPDX-License-Identifier: Apache-2.0
// guarded starts guard_victim on a workload, and reads in its log which processes the guard has started.
//
// Owner:      one test.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/crash/workload.hpp"

namespace weir::crash {

/// The command line of a run on this workload: parallelism 2, a checkpoint each 20 ms, and these. Unless they say
/// otherwise, the output goes to the workload's.
inline strings run_of(const workload& work, const strings& more) {
  strings all{"run",
              "--input",
              work.input().string(),
              "-D",
              "state.dir=" + work.at("state").string(),
              "-D",
              "parallelism.default=2",
              "-D",
              "execution.checkpointing.interval=20 ms"};
  if (std::find(more.begin(), more.end(), "--output") == more.end()) {
    all.insert(all.end(), {"--output", work.output().string()});
  }
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

inline std::unique_ptr<victim> start_run(const workload& work, const strings& more,
                                         const std::string& log = "log") {
  return std::make_unique<victim>(run_of(work, more), work.at(log));
}

/// The same under a guard.
inline std::unique_ptr<victim> start_guarded(const workload& work, strings more,
                                             const std::string& log = "log") {
  more.push_back("--guard");
  return start_run(work, more, log);
}

/// A run without faults, to the end.
inline void finish_run(const workload& work) {
  auto last = start_run(work, {}, "log-of-the-last");
  REQUIRE_MESSAGE(last->wait() == 0, last->log());
}

constexpr std::string_view started_text = "guard: started process ";

/// Waits until the guard has started this many processes; the number of the last.
inline pid_t child_of(victim& guard, std::size_t count = 1) {
  REQUIRE_MESSAGE(guard.wait_for(started_text, count), guard.log());
  const std::string log = guard.log();
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) at = log.find(started_text, at) + started_text.size();
  return static_cast<pid_t>(std::stol(log.substr(at)));
}

/// The number of the last one that it has started by now.
inline pid_t last_child_of(victim& guard) {
  return child_of(guard, std::max<std::size_t>(1, times(guard.log(), started_text)));
}

/// What a living process was started with, its words divided by zero bytes.
inline std::string command_line_of(pid_t process) {
  return read_file("/proc/" + std::to_string(process) + "/cmdline");
}

inline bool has(const std::string& log, std::string_view text) {
  return log.find(text) != std::string::npos;
}

}  // namespace weir::crash
