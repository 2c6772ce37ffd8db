// SPDX-License-Identifier: Apache-2.0
#include "state/snapshot_catalogue.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "weir/core/check.hpp"

namespace weir {
namespace {

std::vector<std::uint64_t> blobs_of(const manifest& in) {
  std::vector<std::uint64_t> blobs;
  for_each_chunk(in, [&](const chunk_ref& ref) { blobs.push_back(ref.blob); });
  return blobs;
}

checkpoint_info info_of(const manifest& in) {
  checkpoint_info info;
  info.epoch = in.epoch;
  info.kind = in.kind;
  info.created_unix_ms = in.created_unix_ms;
  info.finished = in.finished;
  for_each_chunk(in, [&](const chunk_ref& ref) { info.bytes += ref.bytes; });
  return info;
}

error refused(epoch_id epoch, const std::string& why) {
  return {error_code::invalid_argument, "checkpoint " + to_string(epoch) + " " + why};
}

}  // namespace

void snapshot_catalogue::found_blob(std::uint64_t blob) {
  WEIR_CHECK(blobs_.empty() || blobs_.back().blob < blob, blob);
  blobs_.push_back({.blob = blob, .epoch = {}});
}

void snapshot_catalogue::found_checkpoint(const manifest& found) {
  std::optional<std::uint64_t> missing;
  for_each_chunk(found, [&](const chunk_ref& ref) {
    auto* entry = const_cast<blob_entry*>(find_blob(ref.blob));
    if (entry == nullptr) {
      missing = ref.blob;
      return;
    }
    entry->checksum = ref.checksum;
    entry->bytes = ref.bytes;
    entry->epoch = found.epoch;
    entry->claimed = true;
  });
  if (missing) {
    found_damaged(found.epoch,
                  {error_code::corrupt, "checkpoint " + to_string(found.epoch) + ": blob " +
                                            std::to_string(*missing) + " is missing"});
    return;
  }
  checkpoints_[found.epoch] = {info_of(found), blobs_of(found)};
}

void snapshot_catalogue::found_damaged(epoch_id epoch, error damage) {
  checkpoint& one = checkpoints_[epoch];
  one = {};
  one.info.epoch = epoch;
  one.info.damage = std::move(damage);
}

void snapshot_catalogue::mark_damaged(epoch_id epoch, error damage) {
  const auto found = checkpoints_.find(epoch);
  if (found != checkpoints_.end()) found->second.info.damage = std::move(damage);
}

result<void> snapshot_catalogue::may_write(epoch_id epoch) const {
  if (abandoned_.contains(epoch)) return refused(epoch, "was abandoned");
  const auto last = newest();
  if (last && epoch <= *last) {
    return refused(epoch, epoch == *last
                              ? "is complete"
                              : "is not above the newest complete one, " + to_string(*last));
  }
  return {};
}

void snapshot_catalogue::written(epoch_id epoch, const chunk_ref& ref) {
  WEIR_CHECK(blobs_.empty() || blobs_.back().blob < ref.blob, ref.blob);
  pending_.insert(epoch);
  blobs_.push_back({.blob = ref.blob,
                    .checksum = ref.checksum,
                    .epoch = epoch,
                    .bytes = ref.bytes,
                    .claimed = true});
}

void snapshot_catalogue::lost_from(std::uint64_t first) {
  while (!blobs_.empty() && blobs_.back().blob >= first) blobs_.pop_back();
}

void snapshot_catalogue::abandon(epoch_id epoch) {
  if (!may_write(epoch)) return;  // complete, or abandoned before
  pending_.erase(epoch);
  abandoned_.insert(epoch);
}

result<void> snapshot_catalogue::verify(const manifest& complete) const {
  if (auto allowed = may_write(complete.epoch); !allowed) return allowed;
  std::optional<error> first_failure;
  for_each_chunk(complete, [&](const chunk_ref& ref) {
    if (first_failure) return;
    if (auto verified = verify_chunk(ref); !verified) first_failure = verified.error();
  });
  if (first_failure) {
    first_failure->message =
        "checkpoint " + to_string(complete.epoch) + ": " + first_failure->message;
    return *first_failure;
  }
  return {};
}

result<void> snapshot_catalogue::verify_chunk(const chunk_ref& ref) const {
  const std::string name = "blob " + std::to_string(ref.blob);
  const blob_entry* entry = find_blob(ref.blob);
  if (entry == nullptr || !entry->claimed) {
    return error{error_code::not_found,
                 name + " is not in the store (its write failed, or it was removed)"};
  }
  if (abandoned_.contains(entry->epoch)) {
    return error{error_code::not_found,
                 name + " belongs to abandoned checkpoint " + to_string(entry->epoch)};
  }
  if (entry->bytes != ref.bytes || entry->checksum != ref.checksum) {
    return error{error_code::corrupt, name + " was put with " + std::to_string(entry->bytes) +
                                          " bytes and checksum " + std::to_string(entry->checksum) +
                                          ", the manifest says " + std::to_string(ref.bytes) +
                                          " and " + std::to_string(ref.checksum)};
  }
  return {};
}

snapshot_catalogue::removal snapshot_catalogue::plan(const manifest* completing,
                                                     unsigned retained) const {
  return plan_for(completing, kept_checkpoints(completing, retained, std::nullopt));
}

snapshot_catalogue::removal snapshot_catalogue::plan_without(epoch_id epoch,
                                                             unsigned retained) const {
  return plan_for(nullptr, kept_checkpoints(nullptr, retained, epoch));
}

/// P18. Damaged checkpoints count for nothing, and go when `retained` good ones above them have
/// replaced them. Savepoints are the user's: neither counted nor removed.
std::set<epoch_id> snapshot_catalogue::kept_checkpoints(const manifest* completing,
                                                        unsigned retained,
                                                        std::optional<epoch_id> given_up) const {
  std::set<epoch_id> keep;
  unsigned good = completing != nullptr && completing->kind != checkpoint_kind::savepoint ? 1 : 0;
  for (auto at = checkpoints_.rbegin(); at != checkpoints_.rend(); ++at) {
    const auto& [epoch, one] = *at;
    if (epoch == given_up) continue;
    const bool savepoint = one.info.kind == checkpoint_kind::savepoint;
    if (good < retained || savepoint || is_pinned(epoch)) keep.insert(epoch);
    if (!one.info.damage && !savepoint) ++good;
  }
  return keep;
}

snapshot_catalogue::removal snapshot_catalogue::plan_for(const manifest* completing,
                                                         const std::set<epoch_id>& keep) const {
  removal out;
  bool keeps_damaged = false;
  for (const blob_entry& entry : blobs_) entry.kept = false;
  for (const auto& [epoch, one] : checkpoints_) {
    if (!keep.contains(epoch)) {
      out.checkpoints.push_back(epoch);
      continue;
    }
    mark_kept(one.blobs);
    keeps_damaged |= one.info.damage.has_value();
  }
  if (completing != nullptr) mark_kept(blobs_of(*completing));
  for (const blob_entry& entry : blobs_) {
    // What an unreadable manifest refers to is not known: while it is kept, so is every blob that
    // nobody claims.
    if (entry.kept || (!entry.claimed && keeps_damaged)) continue;
    // A completion subsumes the pending epochs below it, and leaves its own blobs that its manifest
    // does not name.
    const bool pending = entry.claimed && pending_.contains(entry.epoch) &&
                         (completing == nullptr || entry.epoch > completing->epoch);
    if (!pending) out.blobs.push_back(entry.blob);
  }
  return out;
}

void snapshot_catalogue::mark_kept(std::span<const std::uint64_t> blobs) const {
  for (const std::uint64_t blob : blobs) {
    if (const blob_entry* entry = find_blob(blob)) entry->kept = true;
  }
}

void snapshot_catalogue::apply(const removal& removed) {
  for (const epoch_id epoch : removed.checkpoints) checkpoints_.erase(epoch);
  std::erase_if(blobs_, [&](const blob_entry& entry) {
    return std::binary_search(removed.blobs.begin(), removed.blobs.end(), entry.blob);
  });
}

void snapshot_catalogue::completed(const manifest& complete) {
  checkpoints_[complete.epoch] = {info_of(complete), blobs_of(complete)};
  pending_.erase(pending_.begin(), pending_.upper_bound(complete.epoch));
  abandoned_.erase(abandoned_.begin(), abandoned_.upper_bound(complete.epoch));
}

void snapshot_catalogue::unpin(epoch_id epoch) {
  const auto found = pins_.find(epoch);
  if (found != pins_.end() && --found->second == 0) pins_.erase(found);
}

std::vector<checkpoint_info> snapshot_catalogue::newest_first() const {
  std::vector<checkpoint_info> out;
  for (auto at = checkpoints_.rbegin(); at != checkpoints_.rend(); ++at) {
    out.push_back(at->second.info);
    out.back().pinned = is_pinned(at->first);
  }
  return out;
}

const checkpoint_info* snapshot_catalogue::find(epoch_id epoch) const {
  const auto found = checkpoints_.find(epoch);
  return found == checkpoints_.end() ? nullptr : &found->second.info;
}

std::optional<epoch_id> snapshot_catalogue::newest() const {
  if (checkpoints_.empty()) return std::nullopt;
  return checkpoints_.rbegin()->first;
}

std::optional<epoch_id> snapshot_catalogue::oldest() const {
  if (checkpoints_.empty()) return std::nullopt;
  return checkpoints_.begin()->first;
}

bool snapshot_catalogue::is_blob_of(epoch_id epoch, std::uint64_t blob) const {
  const blob_entry* entry = find_blob(blob);
  return entry != nullptr && entry->epoch == epoch;
}

const snapshot_catalogue::blob_entry* snapshot_catalogue::find_blob(std::uint64_t blob) const {
  const auto found =
      std::lower_bound(blobs_.begin(), blobs_.end(), blob,
                       [](const blob_entry& entry, std::uint64_t b) { return entry.blob < b; });
  return found != blobs_.end() && found->blob == blob ? &*found : nullptr;
}

}  // namespace weir
