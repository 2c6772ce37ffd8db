// SPDX-License-Identifier: Apache-2.0
// fault_injector decides when the faults of a plan hit, and counts how often each has: task_faults is one task's share of
// it. Neither does anything to the task: what is due goes to `strike`, which may throw.
//
// Owner:      fault_injector: the job's runtime, for all attempts. task_faults: the task's actor of the moment.
// Invariants: (1) no lock, and nothing shared but the count of a fault whose moment has come; (2) a fault hits at most
//             `times` times, over all tasks and attempts of the process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dataflow/fault_plan.hpp"
#include "dataflow/plan.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// A fault, and how often it has hit so far.
struct fault_count {
  std::string text;
  std::uint64_t hits = 0;
};

class task_faults {
 public:
  /// Records are counted anew.
  void begin_attempt();
  /// The operators have had a batch of this many records; of a source's poll: 0.
  template <class Strike>
  void on_batch(std::uint64_t records, Strike&& strike) {
    const auto before = records_;
    records_ += records;
    for (auto& one : of_batches_) {
      const auto& wanted = one.what->record;
      if (wanted && (*wanted <= before || *wanted > records_)) continue;
      if (one.hits_now()) strike(*one.what);
    }
  }
  /// May be told more than once.
  template <class Strike>
  void on_phase(fault_phase phase, epoch_id epoch, Strike&& strike) {
    auto& last = last_[static_cast<std::size_t>(phase)];
    if (epoch <= last) return;
    last = epoch;
    for (auto& one : of_epochs_) {
      if (one.what->phase.value_or(phase) != phase) continue;
      if (one.what->epoch.value_or(epoch) != epoch) continue;
      if (one.hits_now()) strike(*one.what);
    }
  }

 private:
  friend class fault_injector;
  struct armed_fault {
    const fault_spec* what;
    std::atomic<std::uint64_t>* hits;
    std::mt19937_64 random;

    bool hits_now();
  };
  std::vector<armed_fault> of_batches_;
  std::vector<armed_fault> of_epochs_;
  std::uint64_t records_ = 0;
  std::array<epoch_id, fault_phases> last_{};
};

class fault_injector {
 public:
  /// Errors: invalid_argument when a fault names a task that the plan does not have, or a record of a source's task.
  static result<std::shared_ptr<fault_injector>> make(fault_plan faults, const plan& physical,
                                                      std::uint64_t seed);
  /// nullptr: no fault can hit this task.
  task_faults* of(task_id task);
  /// From any thread, at any time.
  std::vector<fault_count> counts() const;

 private:
  result<void> arm(std::size_t fault, const plan& physical, std::uint64_t seed);

  fault_plan faults_;
  std::deque<std::atomic<std::uint64_t>> hits_;  // by fault
  std::vector<task_faults> tasks_;               // by task id
};

}  // namespace weir
