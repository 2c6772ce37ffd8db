// SPDX-License-Identifier: Apache-2.0
// task_snapshotter takes the snapshots of one task: freezes all of its state at the cut, drains the frozen tables in
// slices between batches, waits for what sinks prepare in the background, and declares at the end what it sent.
//
// Owner:      the task.
// Invariants: (1) at most one snapshot is open (P8); (2) at most chunks_in_flight_max chunks are on their way to the
//             store; (3) the declared chunks are exactly those that were sent, in order (P12).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/task_ports.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/unit.hpp"

namespace weir {

class task_snapshotter {
 public:
  /// 32 chunks are 2 MiB: enough to keep the store's thread busy over a task's scheduling round.
  static constexpr std::uint32_t chunks_in_flight_max = 32;
  /// A slice ends after this time, so that records wait no longer than that for a snapshot.
  static constexpr std::chrono::microseconds slice_time{80};
  static constexpr std::size_t slots_per_step = 2048;

  task_snapshotter(task_id task, attempt_id attempt, task_snapshot head,
                   std::vector<operator_part*> parts, task_ports& ports);

  bool open() const { return current_.has_value(); }
  /// Freezes everything as the image of this epoch. REQUIRES: !open(). `so_far` ends with the alignment.
  void begin(epoch_id epoch, bool finished, snapshot_timing so_far = {});
  /// Goes on with the open snapshot for about slice_time.
  void advance();
  /// advance() would do something now.
  bool can_advance() const;
  void on_chunk_stored() { --in_flight_; }
  /// Closes the drain of this epoch (P7); what it would have held goes to the next delta (P10).
  void abort(epoch_id epoch);
  /// The checkpoint is complete: deltas may be relative to it (P10).
  void complete(epoch_id epoch);
  /// What was loaded is that checkpoint.
  std::optional<epoch_id> epoch() const;
  /// To the store, of the newest snapshot.
  std::uint64_t chunks_sent() const { return chunks_sent_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  struct table_entry {
    chunk_place place;
    table_image* table;
  };
  struct open_snapshot {
    epoch_id epoch;
    task_snapshot declared;
    std::vector<operator_image> images;
    std::vector<bool> collected;  // by part
    std::size_t next_table = 0;
    snapshot_timing timing;
    steady_time frozen{};
  };
  void freeze_part(std::size_t index);
  void drain_step();
  void put(chunk_place place, chunk content);
  void put_lists(std::size_t part);
  bool collect_parts();
  void finish();

  task_id task_;
  attempt_id attempt_;
  task_snapshot head_;
  std::vector<operator_part*> parts_;
  task_ports& ports_;
  std::vector<table_entry> tables_;
  std::optional<open_snapshot> current_;
  std::uint32_t in_flight_ = 0;
  std::uint64_t chunks_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::vector<chunk> drained_;
};

}  // namespace weir
