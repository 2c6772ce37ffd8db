// SPDX-License-Identifier: Apache-2.0
// memory_bound decides, from looks at the process's memory, when the job must fail, and when it is not enough to have said
// so; and it writes the message, with the largest states by name.
//
// Owner:      the watchdog's thread. No clock, no system call.
// Invariants: `fail` is said once, `end` once and only after it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataflow/task_pulse.hpp"

namespace weir {

enum class memory_verdict : std::uint8_t {
  fine,
  fail,  ///< the bound is passed: fail the job
  end,   ///< the job was to fail, and the memory is still not free: end the process
};

class memory_bound {
 public:
  /// After `fail`, that many looks in a row above the bound call for `end`, or one that sees a quarter more than it.
  memory_bound(std::uint64_t bytes_max, std::uint32_t patience_looks)
      : bytes_max_(bytes_max), patience_looks_(patience_looks) {}

  memory_verdict on_look(std::uint64_t bytes);

  /// "memory.process.size = 64 mb is exceeded: the process holds 71.2 MB. Largest states: count/seen 50.1 MB in 1200000
  /// entries of 2 tasks, ...". States of one name are added up over the tasks; the largest three are named.
  std::string describe(std::uint64_t bytes, const std::vector<state_size>& sizes) const;

 private:
  std::uint64_t bytes_max_;
  std::uint32_t patience_looks_;
  bool failed_ = false;
  bool ended_ = false;
  std::uint32_t looks_above_ = 0;  // since fail
};

}  // namespace weir
