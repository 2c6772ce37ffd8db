// SPDX-License-Identifier: Apache-2.0
// write_faults decides which writes of one disk go wrong, and what hits the thread that writes: the snapshot store's, or
// the lane of a source with a journal.
//
// Owner:      the thread that writes; expect() may be called from any thread.
// Invariants: as armed_fault; at most one fault hits a write.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "dataflow/armed_fault.hpp"
#include "weir/core/ids.hpp"

namespace weir {

/// For what the store writes.
struct write_purpose {
  fault_phase phase = fault_phase::writing;
  epoch_id epoch;
};

class write_faults {
 public:
  void expect(armed_fault fault) { inbox_.put(std::move(fault)); }

  /// What hits the write that is about to be made; nullptr: nothing. Without a purpose: a write of no epoch.
  const fault_spec* on_write(const std::optional<write_purpose>& purpose) {
    take_new();
    ++writes_;
    for (auto& one : of_writes_) {
      const auto& wanted = one.what();
      if (wanted.write.value_or(writes_) != writes_) continue;
      if (wanted.of_epoch() && !(purpose && wanted.is_at(purpose->phase, purpose->epoch))) continue;
      if (one.hits_now()) return &wanted;
    }
    return nullptr;
  }
  /// The thread is about to write for this; the process, or the thread, may be hit.
  template <class Strike>
  void on_purpose(write_purpose purpose, Strike&& strike) {
    take_new();
    for (auto& one : of_thread_) {
      const auto& wanted = one.what();
      if (!wanted.is_at(purpose.phase, purpose.epoch)) continue;
      if (one.hits_now()) strike(wanted);
    }
  }

 private:
  void take_new() {
    inbox_.take([this](armed_fault&& fault) {
      (fault.what().disk ? of_writes_ : of_thread_).push_back(std::move(fault));
    });
  }

  fault_inbox inbox_;
  std::vector<armed_fault> of_writes_;
  std::vector<armed_fault> of_thread_;
  std::uint64_t writes_ = 0;
};

}  // namespace weir
