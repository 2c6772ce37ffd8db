// SPDX-License-Identifier: Apache-2.0
// simulated_job runs one job from one seed to its end: process after process on one machine, with the faults that were
// drawn for it, and looks after every step whether the protocol holds: epochs become complete in ascending order (P5),
// a process goes on from the newest of them (P12), two are kept (P18), and no output of an epoch is visible before it is
// complete (P17).
//
// Owner:      simulate().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/simulated_process.hpp"
#include "weir/testing.hpp"

namespace weir {

struct planned_fault {
  std::uint64_t step = 0;
  testing::fault what = testing::fault::task_throws;
};

struct simulated_job_options {
  const testing::build_job* build = nullptr;
  std::uint64_t seed = 0;
  std::vector<planned_fault> faults;  ///< by step, ascending
  std::uint64_t steps_max = 0;
  std::filesystem::path directory;
};

struct simulated_result {
  std::optional<std::string> failure;
  std::uint64_t steps = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t restored = 0;
  std::uint64_t restarts = 0;
  std::uint64_t lost = 0;
  std::uint64_t trace_hash = 0;
  std::map<testing::fault, std::uint64_t> hits;
  /// By name, sorted.
  std::map<std::string, std::vector<std::string>> committed;
  std::string last_steps;
};

class simulated_job {
 public:
  explicit simulated_job(simulated_job_options options);

  simulated_result run();

 private:
  bool start_process();
  void do_due_faults();
  void do_fault(testing::fault what);
  void fail_writes();
  void damage_newest();
  void arm_crash();
  void end_process();
  void restart_machine();
  void note_hits();
  void check_step();
  void check_kept();
  void fail(std::string why);
  simulated_result finish();

  simulated_job_options options_;
  simulated_machine machine_;
  testing::simulated_run outside_;
  std::unique_ptr<simulated_process> process_;
  std::size_t next_fault_ = 0;
  std::size_t manifests_seen_ = 0;
  epoch_id newest_;  // whose manifest is durable and whole
  simulated_result result_;
};

}  // namespace weir
