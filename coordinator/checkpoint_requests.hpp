// SPDX-License-Identifier: Apache-2.0
// checkpoint_requests remembers who has asked for a checkpoint, or for the end with one, and what has come of it. Whoever
// asks gets a number; all who wait when a checkpoint begins are served by it.
//
//   waiting --on_started--> served --on_outcome--> an outcome        waiting, served --conclude--> an outcome
//
// Owner:      job_history.
// Invariants: (1) numbers are not 0, ascend, and are used once; (2) at most open_max wait or are being served, and the
//             newest outcomes_max outcomes are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

class checkpoint_requests {
 public:
  static constexpr std::size_t open_max = 64;
  static constexpr std::size_t outcomes_max = 256;  ///< > open_max: nobody's outcome goes unseen

  /// One more who asks. Beyond open_max it is refused: its outcome is an error of code `limit`.
  void add(std::uint64_t number) {
    if (waiting_.size() + served_.size() < open_max) return waiting_.push_back(number);
    settle(number, error{error_code::limit, "more than " + std::to_string(open_max) +
                                                " requests for a checkpoint are open"});
  }
  bool any_waiting() const { return !waiting_.empty(); }

  /// A checkpoint has begun: it serves all who wait.
  void on_started() {
    served_.insert(served_.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
  }
  /// What has become of the checkpoint that began last.
  void on_outcome(const result<epoch_id>& what) {
    for (const auto number : std::exchange(served_, {})) settle(number, what);
  }
  /// For all, also those who wait: nothing else comes.
  void conclude(const result<epoch_id>& what) {
    on_started();
    on_outcome(what);
  }

  /// How many have an outcome, or had one.
  std::uint64_t settled() const { return settled_; }
  /// Whether the request was made here.
  bool knows(std::uint64_t number) const {
    const auto in = [number](const std::vector<std::uint64_t>& all) {
      for (const auto one : all) {
        if (one == number) return true;
      }
      return false;
    };
    return in(waiting_) || in(served_) || outcomes_.contains(number);
  }
  std::optional<result<epoch_id>> outcome_of(std::uint64_t number) const {
    const auto found = outcomes_.find(number);
    if (found == outcomes_.end()) return std::nullopt;
    return found->second;
  }

 private:
  void settle(std::uint64_t number, const result<epoch_id>& what) {
    ++settled_;
    outcomes_.insert_or_assign(number, what);
    while (outcomes_.size() > outcomes_max) outcomes_.erase(outcomes_.begin());
  }

  std::vector<std::uint64_t> waiting_;
  std::vector<std::uint64_t> served_;
  std::map<std::uint64_t, result<epoch_id>> outcomes_;
  std::uint64_t settled_ = 0;
};

}  // namespace weir
