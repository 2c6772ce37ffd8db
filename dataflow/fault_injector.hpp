// SPDX-License-Identifier: Apache-2.0
// fault_injector has the faults that a user wants in a job, gives each to whom it may hit, and counts how often they do.
//
// Owner:      the job's runtime, for all attempts. What it hands out lives as long as it does.
// Invariants: inject() and counts() may be called from any thread, at any time.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/fault_plan.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_faults.hpp"
#include "dataflow/write_faults.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// A fault, and how often it has hit so far.
struct fault_count {
  std::string text;
  std::uint64_t hits = 0;
};

/// Of the plan and of those that come later, in all.
inline constexpr std::size_t injected_faults_max = 1024;

class fault_injector {
 public:
  /// Errors: invalid_argument when a fault names a task that the plan does not have, or a record of a source's task.
  static result<std::shared_ptr<fault_injector>> make(fault_plan faults,
                                                      std::shared_ptr<const plan> physical,
                                                      std::uint64_t seed);
  fault_injector(std::shared_ptr<const plan> physical, std::uint64_t seed);

  /// One more. Errors: as of parse_fault and make; limit.
  result<void> inject(std::string_view text);

  task_faults* of(task_id task) { return &tasks_[task.value]; }
  /// The disk of the task's journal, if it has one.
  write_faults* of_journal(task_id task) { return &journals_[task.value]; }
  write_faults* of_store() { return &store_; }
  std::vector<fault_count> counts() const;

 private:
  result<void> add(fault_spec what);
  result<void> check(const fault_spec& what) const;

  // set once
  std::shared_ptr<const plan> physical_;
  std::uint64_t seed_;

  mutable std::mutex mutex_;           // of faults_, not of what is in it
  std::deque<counted_fault> faults_;   // addresses stay
  std::deque<task_faults> tasks_;      // by task id
  std::deque<write_faults> journals_;  // by task id
  write_faults store_;
};

}  // namespace weir
