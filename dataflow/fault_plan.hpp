// SPDX-License-Identifier: Apache-2.0
// fault_plan is what a user wants to go wrong (the setting weir.injection.plan), parsed and checked:
//
//   throw task=count/1 record=1000; kill task=count/0 epoch=3 phase=draining; slow task=* for=20ms chance=0.01;
//   write_error disk=store epoch=3 phase=manifest; torn_write disk=journal write=100
//
// Owner:      a value.
// Invariants: (1) a fault has a record, or a write, or an epoch and a phase, or none of them; never two; (2) a fault of a
//             disk, and only that, has a disk.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

enum class fault_kind : std::uint8_t {
  throw_exception,  ///< in the task, as user code would
  kill_actor,       ///< of the task
  hang,             ///< the task never returns
  slow,             ///< the task returns later
  abort_process,
  kill_process,  ///< as kill -9
  // of a disk; see weir/core/disk_faults.hpp
  write_error,
  disk_full,
  torn_write,
  lost_write,
};
constexpr bool is_of_disk(fault_kind kind) {
  return kind >= fault_kind::write_error;
}

enum class fault_disk : std::uint8_t { store, journal };

/// Where a task, or for `manifest` the whole job, stands with an epoch.
enum class fault_phase : std::uint8_t {
  aligning,    ///< its first marker has come, the state is not frozen
  draining,    ///< the state is frozen and the marker forwarded, nothing is written
  writing,     ///< all of the state is with the store; the task has not said that this is all
  manifest,    ///< every task has said so; the store is about to make the checkpoint complete
  committing,  ///< the checkpoint is complete, the task has not committed; not of what was restored
};
inline constexpr std::size_t fault_phases = 5;

struct fault_spec {
  std::string text;  ///< as the user wrote it
  fault_kind kind = fault_kind::throw_exception;
  std::string task = "*";  ///< "count/1"; "*": any
  std::optional<fault_disk> disk;
  std::optional<std::uint64_t> write;  ///< of the disk, counted from 1 in the life of the process
  std::optional<std::uint64_t>
      record;  ///< in the batch with this one, counted from 1 in each attempt of the task
  std::optional<epoch_id> epoch;         ///< none: any
  std::optional<fault_phase> phase;      ///< none, but an epoch: the first that is reached
  std::chrono::nanoseconds duration{0};  ///< of slow
  std::uint64_t times = 1;               ///< in the life of the process; 0: no bound
  std::optional<double> chance;          ///< at each opportunity; none: at the first

  bool of_epoch() const { return epoch || phase; }
  bool is_at(fault_phase reached, epoch_id of) const {
    return phase.value_or(reached) == reached && epoch.value_or(of) == of;
  }
};

using fault_plan = std::vector<fault_spec>;

inline constexpr std::size_t planned_faults_max = 64;
inline constexpr std::chrono::hours fault_duration_max{1};

/// Errors: invalid_argument with the position, the text, and what was expected.
result<fault_plan> parse_fault_plan(std::string_view text);
/// Of a text that is one fault.
result<fault_spec> parse_fault(std::string_view text);

}  // namespace weir
