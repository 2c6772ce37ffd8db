// SPDX-License-Identifier: Apache-2.0
// record_watch is what one operator with a poison policy has to look out for in one attempt: records that are convicted,
// and the breadcrumb, a word in a mapped file that says which record is being processed, should the process die of it.
//
// Owner:      the task; the operator's loop asks it.
// Invariants: (1) careful() is true as long as a record's identity matters before it is processed, and false again once a
//             checkpoint is complete that has every listed record behind it; (2) the breadcrumb is 0 while the operator
//             processes nothing.
// Source:     PROTOCOL P19.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "weir/core/ids.hpp"
#include "weir/core/poison.hpp"

namespace weir {

class record_watch {
 public:
  using breadcrumb = std::atomic<record_identity>;

  // -- for the operator's loop
  bool careful() const { return !listed_.empty() || crumb_ != nullptr; }
  const conviction* find(record_identity identity) const {
    const auto found = place_of(identity);
    return found == listed_.end() ? nullptr : &found->what;
  }
  /// The record was not processed.
  void skipped(record_identity identity) {
    const auto found = place_of(identity);
    if (found == listed_.end()) return;
    if (!std::exchange(listed_[index_of(found)].seen, true) && on_skip_) on_skip_(identity);
  }
  /// One store a record, and only while breadcrumbs are laid.
  void enter(record_identity identity) {
    if (crumb_ != nullptr) crumb_->store(identity, std::memory_order_relaxed);
  }
  void leave() { enter(0); }
  /// The record in process, while other operators work for it; to be given back to enter().
  record_identity pause() {
    return crumb_ == nullptr ? 0 : crumb_->exchange(0, std::memory_order_relaxed);
  }

  // -- for the task
  /// `on_skip` hears of each listed record once, when it is first skipped.
  void begin(epoch_id restored_from, std::vector<conviction> listed, breadcrumb* crumb,
             std::function<void(record_identity)> on_skip) {
    restored_from_ = restored_from;
    listed_.clear();
    for (auto& one : listed) listed_.push_back({std::move(one), false, {}});
    std::sort(listed_.begin(), listed_.end(),
              [](const watched& a, const watched& b) { return a.what.identity < b.what.identity; });
    crumb_ = crumb;
    on_skip_ = std::move(on_skip);
  }
  /// The marker of this epoch lies behind everything that was processed so far.
  void on_snapshot(epoch_id epoch) {
    for (auto& one : listed_) {
      if (one.seen && !one.behind) one.behind = epoch;
    }
  }
  void on_complete(epoch_id epoch) {
    std::erase_if(listed_, [&](const watched& one) { return one.behind && *one.behind <= epoch; });
    if (epoch <= restored_from_) return;
    leave();
    crumb_ = nullptr;
  }

 private:
  struct watched {
    conviction what;
    bool seen = false;
    std::optional<epoch_id> behind;
  };
  std::vector<watched>::const_iterator place_of(record_identity identity) const {
    const auto at = std::lower_bound(
        listed_.begin(), listed_.end(), identity,
        [](const watched& one, record_identity wanted) { return one.what.identity < wanted; });
    return at != listed_.end() && at->what.identity == identity ? at : listed_.end();
  }
  std::size_t index_of(std::vector<watched>::const_iterator at) const {
    return static_cast<std::size_t>(at - listed_.begin());
  }

  std::vector<watched> listed_;  // by identity
  breadcrumb* crumb_ = nullptr;
  epoch_id restored_from_;
  std::function<void(record_identity)> on_skip_;
};

}  // namespace weir
