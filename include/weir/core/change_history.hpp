// SPDX-License-Identifier: Apache-2.0
// change_history knows what changed in a keyed table since which checkpoint: a set of dirty blocks
// and a log of erased keys for each epoch since the base, and from them whether the next image is a
// full one or a delta.
//
// Owner:      one keyed_table.
// Invariants: (1) P10: the sets of all epochs after the base are kept until a later base covers
// them; an abort joins
//             its set to the next one; (2) a set that is `whole` carries no detail, and forces a
//             full image; (3) all sets that are not whole and not followed by a whole one describe
//             the same slots.
// Source:     docs/checkpointing.md; performance.md section 3.4.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "weir/core/check.hpp"
#include "weir/core/chunk_builder.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/table_image.hpp"
#include "weir/core/zeroed_memory.hpp"

namespace weir {

/// Bounds of the erased keys in one delta: beyond, a full image is cheaper. They are copied in one
/// slice of a drain.
inline constexpr std::uint64_t erased_log_keys_max = 64 * 1024;
inline constexpr std::uint64_t erased_log_bytes_max = 1024 * 1024;
/// Frozen epochs of which no outcome was told; the oldest is joined to its successor beyond that.
inline constexpr std::size_t open_epochs_max = 16;

/// What an image consists of. `dirty` and `erased` are for a delta.
struct image_plan {
  image_info image;
  zeroed_memory dirty;
  std::vector<chunk> erased;
};

class change_history {
 public:
  /// The table has new slots, in this many blocks: no delta can bridge that.
  void lay_out(std::size_t blocks) {
    live_ = change_set(blocks);
    live_.whole = true;
    prepare_freeze();
  }
  std::uint8_t* dirty() const { return live_.dirty.octets(); }

  bool logs_erasures() const { return (has_base_ || !frozen_.empty()) && !live_.whole; }
  /// Append the key's bytes to erased().open(), then call this.
  void count_erased(std::uint32_t group) {
    live_.erased.count(group);
    bound_log(live_);
  }
  chunk_builder& erased() { return live_.erased; }

  /// O(1). still_moving: entries will move to other slots after this epoch, too.
  void freeze(epoch_id n, bool still_moving) {
    WEIR_CHECK(n > last_frozen_, n, last_frozen_);
    last_frozen_ = live_.epoch = n;
    change_set next;
    next.dirty =
        spare_.size() == live_.dirty.size() ? std::move(spare_) : zeroed_memory(live_.dirty.size());
    next.whole = still_moving;
    frozen_.push_back(std::exchange(live_, std::move(next)));
    if (frozen_.size() > open_epochs_max) join(0);  // rare, and costs a byte for each 4 KiB
  }
  /// Makes ready what the next freeze needs, so that it does not wait for memory.
  void prepare_freeze() {
    if (spare_.size() != live_.dirty.size()) spare_ = zeroed_memory(live_.dirty.size());
    frozen_.reserve(open_epochs_max + 1);
  }
  /// Decides about the image of the epoch frozen last; reads one byte for each 4 KiB of slots and
  /// epoch since the base.
  image_plan plan() {
    WEIR_CHECK(!frozen_.empty());
    image_plan made;
    if (delta_fits()) {
      made.image = {.full = false, .base = base_, .chain = chain_ + 1};
      made.dirty = zeroed_memory(frozen_.back().dirty.size());
      for (const change_set& set : frozen_) add_dirty(set, made.dirty);
      const auto count = static_cast<std::size_t>(
          std::count(made.dirty.octets(), made.dirty.octets() + made.dirty.size(), 1));
      if (count * 2 > made.dirty.size()) made = image_plan{};
    }
    if (!made.image.full) {
      for (const change_set& set : frozen_) set.erased.copy_all(made.erased);
      for (const chunk& log : made.erased) made.image.erased += log.entries;
    }
    frozen_.back().chain = made.image.chain;
    return made;
  }

  void complete(epoch_id n) {
    if (has_base_ && n <= base_) return;
    const auto ours = find(n);
    // A newer checkpoint that we do not know replaces the base, which may be deleted: start from a
    // full image.
    has_base_ = ours != frozen_.end();
    if (has_base_) {
      base_ = n;
      chain_ = ours->chain;
    }
    std::erase_if(frozen_, [n](const change_set& set) { return set.epoch <= n; });
  }
  void abort(epoch_id n) {
    const auto ours = find(n);
    if (ours != frozen_.end()) join(static_cast<std::size_t>(ours - frozen_.begin()));
  }
  void restored(epoch_id n, std::uint32_t chain, bool still_moving) {
    frozen_.clear();
    live_ = change_set(live_.dirty.size());
    live_.whole = still_moving;
    has_base_ = true;
    last_frozen_ = base_ = n;
    chain_ = chain;
  }

  std::size_t memory_bytes() const {
    std::size_t bytes = live_.dirty.size() + spare_.size() + live_.erased.bytes();
    for (const change_set& set : frozen_) bytes += set.dirty.size() + set.erased.bytes();
    return bytes;
  }

 private:
  /// What changed in one epoch.
  struct change_set {
    explicit change_set(std::size_t blocks = 0) : dirty(blocks) {}
    epoch_id epoch;
    zeroed_memory dirty;  // a byte for each block: 0 or 1
    chunk_builder erased{chunk_kind::erased};
    std::uint32_t chain = 0;
    bool whole = false;
  };

  std::vector<change_set>::iterator find(epoch_id n) {
    return std::find_if(frozen_.begin(), frozen_.end(),
                        [n](const change_set& set) { return set.epoch == n; });
  }
  bool delta_fits() const {
    std::uint64_t keys = 0;
    std::uint64_t bytes = 0;
    for (const change_set& set : frozen_) {
      if (set.whole) return false;
      keys += set.erased.entries();
      bytes += set.erased.bytes();
    }
    return has_base_ && chain_ < max_delta_chain && keys <= erased_log_keys_max &&
           bytes <= erased_log_bytes_max;
  }
  static void add_dirty(const change_set& set, zeroed_memory& sum) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum.octets()[i] |= set.dirty.octets()[i];
  }
  static void bound_log(change_set& set) {
    if (set.erased.entries() > erased_log_keys_max || set.erased.bytes() > erased_log_bytes_max)
      set.whole = true;
    if (set.whole) set.erased.clear();
  }
  /// Joins frozen_[at] to the set after it, which may be the live one.
  void join(std::size_t at) {
    change_set& next = at + 1 < frozen_.size() ? frozen_[at + 1] : live_;
    change_set& set = frozen_[at];
    next.whole = next.whole || set.whole || next.dirty.size() != set.dirty.size();
    if (!next.whole) {
      add_dirty(set, next.dirty);
      set.erased.append(std::move(next.erased));
      next.erased = std::move(set.erased);
    }
    bound_log(next);
    frozen_.erase(frozen_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  change_set live_;                 // since the last freeze
  std::vector<change_set> frozen_;  // ascending epochs after the base, without an outcome yet
  zeroed_memory spare_;             // the next live set's
  epoch_id last_frozen_;
  epoch_id base_;
  std::uint32_t chain_ = 0;  // deltas below and including the base
  bool has_base_ = false;
};

}  // namespace weir
