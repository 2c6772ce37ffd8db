// SPDX-License-Identifier: Apache-2.0
// table_image is the face that a keyed table shows to snapshots: freeze, drain in slices, load.
//
//   closed --freeze(n)--> open --drain() .. true--> closed        open --abort(n)--> closed
//
// Owner:      the task, between two batches.
// Invariants: (1) at most one drain is open (P8); (2) an image is exactly the content at freeze
// (P9);
//             (3) a delta is relative to the newest checkpoint of which complete() was told (P10).
// Source:     ARCHITECTURE.md section 6; Carbone et al. 2015 for the marker that calls for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/core/chunk.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/key_group.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// A restore reads at most one full image and this many deltas.
inline constexpr std::uint32_t max_delta_chain = 8;

/// What the open, or else the last, drain writes. `base` is meaningful for a delta only; `chain`
/// counts the deltas on top of the full image that a restore needs; `entries` and `erased` count
/// what was drained so far.
struct image_info {
  bool full = true;
  epoch_id base;
  std::uint32_t chain = 0;
  std::uint64_t entries = 0;
  std::uint64_t erased = 0;
};

class table_image {
 public:
  virtual ~table_image() = default;

  /// Sets the key groups that this table will hold, over which slots are spread; the default is all
  /// of them. The table must be empty. A table that is not told its range works, but p times denser
  /// where its keys are.
  virtual void own(key_group_range groups) = 0;

  /// Fixes the content as the image of epoch n; O(1). No drain may be open; n ascends.
  virtual void freeze(epoch_id n) = 0;
  /// Encodes the next slots_max slots of the frozen content, or fewer when their entries are large,
  /// and appends finished chunks. Chunks of kind `erased` come first. True when this was the last
  /// slice, which also closes the drain.
  virtual bool drain(std::size_t slots_max, std::vector<chunk>& out) = 0;
  virtual bool draining() const = 0;
  /// Known from the first slice on; before, it is still that of the drain before.
  virtual image_info image() const = 0;
  /// Checkpoint n is complete: if it is one of ours, deltas are relative to it from the next freeze
  /// on. Repeats are harmless.
  virtual void complete(epoch_id n) = 0;
  /// Checkpoint n will never be complete: closes its drain; what it would have held goes to the
  /// next delta.
  virtual void abort(epoch_id n) = 0;

  /// The chunks that will be loaded were written when the values had this schema, not today's. Error
  /// incompatible.
  virtual result<void> expect_values_of(std::string_view written_schema) = 0;
  /// Makes room for that many entries before loading.
  virtual void reserve(std::uint64_t entries) = 0;
  /// Applies one chunk, skipping keys outside `mine`. Chunks of a full image come first, then those
  /// of each delta, in the order in which drain() gave them. Corrupt bytes: error corrupt, and the
  /// table holds a part of the chunk.
  virtual result<void> load(const chunk& from, key_group_range mine) = 0;
  /// What was loaded is checkpoint n, made of a full image and `chain` deltas: the next image may
  /// be a delta of it.
  virtual void restored(epoch_id n, std::uint32_t chain = 0) = 0;

  virtual std::uint64_t size() const = 0;
  /// Slots and bookkeeping; not what keys and values own outside of their slots.
  virtual std::size_t memory_bytes() const = 0;
};

}  // namespace weir
