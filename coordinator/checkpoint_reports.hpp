// SPDX-License-Identifier: Apache-2.0
// What tasks report to the coordinator about one checkpoint: that their snapshot is stored
// (task_ack), that they cannot take it (task_decline), or how far they are (task_progress).
//
// Owner:      values; sent from the task or the snapshot writer to the coordinator.
// Invariants: every report names epoch, attempt and fence, so that a late or foreign one can be
//             told (P4, P7).
// Source:     P8, P11, P12.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/snapshot_timing.hpp"
#include "serialization/manifest.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/key_group.hpp"

namespace weir {

/// Who reports, and about which checkpoint of which incarnation.
struct report_header {
  task_id task;
  epoch_id epoch;
  attempt_id attempt;  ///< of the task's region
  fence_id fence;      ///< of the coordinator that triggered the checkpoint
};

/// What the task says that it sent, before the store has seen it. `checksum` is computed as the
/// store's is (chunk_ref::checksum), but on the task's side.
struct declared_chunk {
  chunk_kind kind = chunk_kind::entries;
  key_group_range groups;
  std::uint32_t entries = 0;
  std::uint32_t bytes = 0;
  std::uint64_t checksum = 0;
};

/// The chunks of one state that were drained at this epoch, in the order in which they were sent.
struct declared_state {
  std::string uid;   ///< of the operator
  std::string name;  ///< of the state
  std::vector<declared_chunk> chunks;
};

/// A task's snapshot is with the store. `declared` comes from the task, the chunk_refs in `stored`
/// come from the store; they must agree (P12). In `stored` a delta (full == false) holds the chunks
/// of this epoch only, and its `base` is the checkpoint that it is relative to (P10).
struct task_ack {
  report_header from;
  std::vector<declared_state> declared;
  task_snapshot stored;
  snapshot_timing timing{};
};

/// A task cannot take this checkpoint: it still drains the one before (P8), or its snapshot failed.
struct task_decline {
  report_header from;
  std::string reason;
};

/// Where a task is on its way from the trigger to its ack; in this order.
enum class snapshot_phase : std::uint8_t {
  waiting,   ///< no marker has arrived; numbers: none
  aligning,  ///< some channels have delivered the marker; numbers: channels
  draining,  ///< the state is frozen and being encoded; numbers: chunks
  writing,   ///< all chunks are with the writer; numbers: chunks that are durable
};

struct task_progress {
  report_header from;
  snapshot_phase phase = snapshot_phase::waiting;
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< 0: not known
  std::string waits_for{};  ///< "waits for credit of out/0"; empty: for nothing that is known
  std::optional<std::chrono::steady_clock::time_point> since{};  ///< of the phase, when known
};

}  // namespace weir
