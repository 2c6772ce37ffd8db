// SPDX-License-Identifier: Apache-2.0
// snapshot_catalogue knows which blobs and checkpoints a store holds and decides which of them may
// go (P18). It does no I/O: the store tells it what became durable, and carries out its plans.
//
// Owner:      snapshot_store.
// Invariants: (1) checkpoints complete in ascending order of their epochs; (2) a plan never names a
//             blob that a kept checkpoint refers to, nor one of a pending epoch; (3) a plan leaves
//             `retained` undamaged checkpoints, and all that are pinned or savepoints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "serialization/manifest.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// One line of a list of checkpoints.
struct checkpoint_info {
  epoch_id epoch;
  checkpoint_kind kind = checkpoint_kind::periodic;
  std::uint64_t created_unix_ms = 0;
  std::uint64_t bytes =
      0;                  ///< of all chunks that it refers to, also those it shares with older ones
  bool finished = false;  ///< the job had ended
  bool pinned = false;
  std::optional<error>
      damage;  ///< why it cannot be used; the fields above but `epoch` are then empty
};

class snapshot_catalogue {
 public:
  /// What a commit takes away.
  struct removal {
    std::vector<epoch_id> checkpoints;
    std::vector<std::uint64_t> blobs;
    bool empty() const { return checkpoints.empty() && blobs.empty(); }
  };

  // ---- opening: blobs first, in ascending order, then checkpoints ----
  void found_blob(std::uint64_t blob);
  /// Damaged when a blob is missing.
  void found_checkpoint(const manifest& found);
  void found_damaged(epoch_id epoch, error damage);

  /// A checkpoint that was found, but whose blobs turned out not to check out.
  void mark_damaged(epoch_id epoch, error damage);

  // ---- writing ----
  /// Errors: invalid_argument when the epoch is complete, subsumed by a later one, or abandoned.
  result<void> may_write(epoch_id epoch) const;
  void written(epoch_id epoch, const chunk_ref& ref);
  /// Blobs from `first` on were lost with their transaction.
  void lost_from(std::uint64_t first);
  void abandon(epoch_id epoch);
  /// P12: the epoch may complete, and each of its chunks is here as it was put.
  result<void> verify(const manifest& complete) const;

  /// What may go when `completing` (if any) becomes a complete checkpoint.
  removal plan(const manifest* completing, unsigned retained) const;
  /// What may go besides when the user gives up a checkpoint.
  removal plan_without(epoch_id epoch, unsigned retained) const;
  /// The plan (and the completion) became durable.
  void apply(const removal& removed);
  void completed(const manifest& complete);

  void pin(epoch_id epoch) { ++pins_[epoch]; }
  void unpin(epoch_id epoch);

  // ---- queries ----
  std::vector<checkpoint_info> newest_first() const;
  const checkpoint_info* find(epoch_id epoch) const;
  /// The highest epoch that ever completed, readable or not.
  std::optional<epoch_id> newest() const;
  /// The lowest epoch that is kept, readable or not.
  std::optional<epoch_id> oldest() const;
  bool is_blob_of(epoch_id epoch, std::uint64_t blob) const;
  bool is_pinned(epoch_id epoch) const { return pins_.contains(epoch); }
  std::size_t blob_count() const { return blobs_.size(); }

 private:
  struct blob_entry {
    std::uint64_t blob;
    std::uint64_t checksum = 0;
    epoch_id epoch;  ///< that wrote it
    std::uint32_t bytes = 0;
    bool claimed = false;       ///< put by this process, or named by a manifest at opening
    mutable bool kept = false;  ///< scratch of plan()
  };
  struct checkpoint {
    checkpoint_info info;
    std::vector<std::uint64_t> blobs;
  };

  const blob_entry* find_blob(std::uint64_t blob) const;
  result<void> verify_chunk(const chunk_ref& ref) const;
  std::set<epoch_id> kept_checkpoints(const manifest* completing, unsigned retained,
                                      std::optional<epoch_id> given_up) const;
  removal plan_for(const manifest* completing, const std::set<epoch_id>& keep) const;
  void mark_kept(std::span<const std::uint64_t> blobs) const;

  std::vector<blob_entry> blobs_;  // ascending
  std::map<epoch_id, checkpoint> checkpoints_;
  std::set<epoch_id> pending_;
  std::set<epoch_id> abandoned_;  // above newest(): lower ones are refused anyway
  std::map<epoch_id, unsigned> pins_;
};

/// Calls `use(chunk_ref)` for every chunk of a manifest.
template <class Use>
void for_each_chunk(const manifest& in, Use use) {
  for (const task_snapshot& task : in.tasks) {
    for (const operator_snapshot& one : task.operators) {
      for (const state_snapshot& state : one.states) {
        for (const chunk_ref& ref : state.chunks) use(ref);
      }
    }
  }
}

}  // namespace weir
