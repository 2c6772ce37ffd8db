// SPDX-License-Identifier: Apache-2.0
// task_ports is everything that a task does to the world outside of it; the task's actor implements it with messages, and
// a test with vectors. The values below are what goes out.
//
// Owner:      the task's actor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/element.hpp"
#include "dataflow/snapshot_timing.hpp"
#include "serialization/manifest.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/record_watch.hpp"
#include "weir/core/unit.hpp"

namespace weir {

class disk_faults;
class task_faults;
struct fault_spec;

/// Where in a task's snapshot a chunk belongs.
struct chunk_place {
  std::uint32_t part = 0;   ///< index of the operator in the snapshot
  std::uint32_t state = 0;  ///< index of the state within the operator
};

/// One chunk on its way to the store.
struct snapshot_piece {
  epoch_id epoch;
  attempt_id attempt;
  task_id task;
  chunk_place place;
  chunk content;
};

/// The end of a task's snapshot: everything but the chunks, which went before. In `snapshot` the states' chunk lists hold
/// what the task declares: kind, groups, entries, bytes and checksum, but no blob numbers; the store adds those.
struct snapshot_end {
  epoch_id epoch;
  attempt_id attempt;
  task_id task;
  task_snapshot snapshot;
  snapshot_timing timing{};
};

class task_ports {
 public:
  virtual ~task_ports() = default;

  virtual void send(task_id to, element what) = 0;
  virtual void give_credit(task_id to, credit_return what) = 0;
  virtual void submit(std::unique_ptr<lane_job> job) = 0;
  virtual void put_chunk(snapshot_piece piece) = 0;
  virtual void end_snapshot(snapshot_end end) = 0;
  virtual void decline(epoch_id epoch, std::string reason) = 0;
  virtual void confirm_commit(epoch_id epoch) = 0;
  /// All input has ended and everything was emitted (P16: the task is `finishing` now).
  virtual void finishing() = 0;
  /// P19: the operator left a listed record alone.
  virtual void record_skipped(const std::string&, record_identity) {}
  /// P19: where the operator says which record it processes; nullptr: it need not.
  virtual record_watch::breadcrumb* breadcrumb(const std::string&) { return nullptr; }
  /// P19: a checkpoint is complete that this task has taken part in since it was restored.
  virtual void breadcrumbs_over() {}
  virtual steady_time now() const = 0;
  virtual std::int64_t wall_us() const = 0;
  virtual void report(std::string_view text) = 0;
  /// The task has done a batch and goes on (P20).
  virtual void beat() {}
  /// What a user wants to go wrong in this task; nullptr: nothing.
  virtual task_faults* faults() { return nullptr; }
  /// The same for the disk of its journal, which its lane writes to.
  virtual std::shared_ptr<disk_faults> journal_faults() { return nullptr; }
  /// The moment of a fault has come; may throw, or not return.
  virtual void strike(const fault_spec&) {}
};

}  // namespace weir
