// SPDX-License-Identifier: Apache-2.0
// job_observer looks at a running job: it puts together what the coordinator has written to the board, what the tasks'
// meters and pulses say, and what follows from comparing two looks (rates, quantiles of latency). It has no thread:
// nothing is done when nobody looks.
//
// Owner:      the job's runtime; any thread may look, one at a time (a lock of its own).
// Invariants: a look takes no lock that a task holds while it processes records.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "coordinator/coordinator_actor.hpp"
#include "coordinator/job_observation.hpp"
#include "coordinator/task_rates.hpp"
#include "dataflow/task_pulse.hpp"

namespace weir {

class latency_summary;

class job_observer {
 public:
  job_observer(std::shared_ptr<const job_identity> identity, std::shared_ptr<job_board> board,
               std::shared_ptr<const task_pulses> pulses);
  ~job_observer();

  job_observation look(steady_time now) const;

 private:
  // set once
  std::shared_ptr<const job_identity> identity_;
  std::shared_ptr<job_board> board_;
  std::shared_ptr<const task_pulses> pulses_;
  // what looks leave for later ones: guarded by mutex_
  mutable std::mutex mutex_;
  mutable std::vector<task_rates> rates_;  // by task id
  mutable std::vector<std::unique_ptr<latency_summary>> latencies_;
};

}  // namespace weir
