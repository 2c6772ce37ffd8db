// SPDX-License-Identifier: Apache-2.0
// task_faults decides when faults hit one task. It does nothing to the task: what is due goes to `strike`, which may throw.
//
// Owner:      the task's actor of the moment; expect() may be called from any thread.
// Invariants: as armed_fault.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "dataflow/armed_fault.hpp"
#include "weir/core/ids.hpp"

namespace weir {

class task_faults {
 public:
  void expect(armed_fault fault) { inbox_.put(std::move(fault)); }

  /// Records are counted anew.
  void begin_attempt() {
    records_ = 0;
    last_ = {};
  }
  /// The operators have had a batch of this many records; of a source's poll: 0.
  template <class Strike>
  void on_batch(std::uint64_t records, Strike&& strike) {
    take_new();
    const auto before = records_;
    records_ += records;
    for (auto& one : of_batches_) {
      const auto& wanted = one.what().record;
      if (wanted && (*wanted <= before || *wanted > records_)) continue;
      if (one.hits_now()) strike(one.what());
    }
  }
  /// May be told more than once.
  template <class Strike>
  void on_phase(fault_phase phase, epoch_id epoch, Strike&& strike) {
    take_new();
    auto& last = last_[static_cast<std::size_t>(phase)];
    if (epoch <= last) return;
    last = epoch;
    for (auto& one : of_epochs_) {
      const auto& wanted = one.what();
      if (!wanted.is_at(phase, epoch)) continue;
      if (one.hits_now()) strike(wanted);
    }
  }

 private:
  void take_new() {
    inbox_.take([this](armed_fault&& fault) {
      (fault.what().of_epoch() ? of_epochs_ : of_batches_).push_back(std::move(fault));
    });
  }

  fault_inbox inbox_;
  std::vector<armed_fault> of_batches_;
  std::vector<armed_fault> of_epochs_;
  std::uint64_t records_ = 0;
  std::array<epoch_id, fault_phases> last_{};
};

}  // namespace weir
