// SPDX-License-Identifier: Apache-2.0
// simulated_process is one process of a simulated job: the job's real actors in an actor system of their own, of which
// step() lets one take one message. Which one, and how time goes, the seed decides.
//
// Owner:      a simulated job. Its disk, trace and source of chance outlive it, as a machine outlives its processes.
// Invariants: (1) one thread; (2) destruction is a crash: no actor takes another message but the one that ends it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "coordinator/job_runtime.hpp"
#include "simulation/machine_disks.hpp"
#include "simulation/trace.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// What outlives a process.
struct simulated_machine {
  explicit simulated_machine(std::uint64_t seed) : random(seed) {
    step_ns_max = 10'000 + random() % 90'000;
    checkpoint_interval = std::chrono::microseconds(50 + random() % 1'000);
    disks = std::make_shared<machine_disks>(random());
    has_links = random() % 3 == 0;
  }
  std::mt19937_64 random;
  std::chrono::nanoseconds time = std::chrono::seconds(1);
  std::uint64_t
      step_ns_max;  ///< how long a step may take: slow machines take more checkpoints on the way
  std::chrono::nanoseconds checkpoint_interval;  ///< of a job that sets none itself
  std::shared_ptr<machine_disks> disks;
  /// Elements and credit go from task to task by links of their own, which may be slow, as between machines.
  bool has_links;
  trace steps;
};

class simulated_process {
 public:
  /// Errors: as job_runtime::start.
  static result<std::unique_ptr<simulated_process>> start(simulated_machine& machine,
                                                          const job_runtime_options& options);
  ~simulated_process();
  simulated_process(const simulated_process&) = delete;
  simulated_process& operator=(const simulated_process&) = delete;

  /// False: the job is not over, and nothing will ever happen again.
  bool step();
  job_status status() const;
  bool over() const;

  /// What a task has found that cannot be, in the order and numbers of what its channels bring (P2) among it.
  const std::optional<std::string>& broken_invariant() const;

  /// The next piece of work of some task throws.
  void arm_throw();
  /// Whether an armed throw has been thrown since the last call.
  bool take_thrown();
  /// Ends the actor of some task from outside; false when there is none.
  bool kill_a_task();

 private:
  struct actors;
  explicit simulated_process(std::unique_ptr<actors> running);
  std::unique_ptr<actors> actors_;
};

}  // namespace weir
