// SPDX-License-Identifier: Apache-2.0
// residue_classes walks the sequence numbers of a generator: they fall into 1,024 fixed classes (seq mod 1,024), which
// are its splits, and a subtask owns the classes c with c mod parallelism == its index. Positions belong to classes, so
// that any parallelism can take them over (P21).
//
// Owner:      the source task.
// Invariants: rows_[k] is the next row of class owned(k); class c at row r is sequence number r * 1,024 + c. In step,
//             rows_[k] is row_ + 1 for k < at_ and row_ for the others, and rows_ itself is not kept up to date.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/image.hpp"
#include "weir/core/result.hpp"
#include "weir/core/unit.hpp"

namespace weir::detail {

struct residue_schedule {
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  double records_per_second = 0;  ///< 0: no limit
  std::optional<steady_time> start;
};

class residue_classes {
 public:
  static constexpr std::uint32_t class_count = 1024;

  /// A source that has caught up with its rate pauses at least so long: at high rates it wakes for a batch, not for a
  /// record.
  static constexpr std::chrono::microseconds pause_min{200};

  /// `count` sequence numbers: first, first + stride, ...
  struct run {
    std::uint64_t first = 0;
    std::uint32_t stride = 1;
    std::uint32_t count = 0;
  };

  explicit residue_classes(residue_schedule schedule) : schedule_(schedule) {}

  /// REQUIRES: parallelism <= class_count; restore() came before, if at all.
  void open(std::uint32_t subtask, std::uint32_t parallelism, steady_time now) {
    subtask_ = subtask;
    stride_ = parallelism;
    owned_ = (class_count - subtask + parallelism - 1) / parallelism;
    rows_.assign(owned_, 0);
    for (std::uint32_t k = 0; k < owned_ && !restored_.empty(); ++k)
      rows_[k] = restored_[class_of(k)];
    try_step();
    start_ = schedule_.start ? *schedule_.start : now - time_of(next_seq());
  }

  /// Sequence numbers below this may be emitted now.
  std::uint64_t due(steady_time now) const {
    if (schedule_.records_per_second <= 0) return schedule_.count;
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const double made = elapsed <= 0 ? 0 : elapsed * schedule_.records_per_second;
    return made >= static_cast<double>(schedule_.count) ? schedule_.count
                                                        : static_cast<std::uint64_t>(made);
  }

  /// At most `limit` numbers below `bound`, and moves past them.
  run next_run(std::uint64_t bound, std::uint32_t limit) {
    if (!in_step_) return catch_up(bound, limit);
    const std::uint64_t first = row_ * class_count + class_of(at_);
    if (first >= bound) return {};
    // Rounded up without a sum that could wrap: an unbounded source's bound is the largest number.
    const std::uint64_t below = (bound - first - 1) / stride_ + 1;
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>({below, limit, owned_ - at_}));
    at_ += count;
    if (at_ == owned_) {
      at_ = 0;
      ++row_;
    }
    return {first, stride_, count};
  }

  /// What to do when there is no run below `bound`.
  poll_result idle(std::uint64_t bound, steady_time now) const {
    if (bound >= schedule_.count && next_seq() >= schedule_.count) {
      return {poll_result::kind::ended, {}};
    }
    return {poll_result::kind::wait, std::max(now + pause_min, start_ + time_of(next_seq() + 1))};
  }

  /// In records. Of a source that never ends, what its rate makes due now; without a rate nothing can be told.
  source_progress progress(steady_time now) const {
    source_progress known;
    const bool ends = schedule_.count != std::numeric_limits<std::uint64_t>::max();
    if (ends) known.all = owned_below(schedule_.count);
    if (ends || schedule_.records_per_second > 0) {
      const std::uint64_t there = owned_below(ends ? schedule_.count : due(now));
      known.left = there - std::min(there, records_made());
    }
    return known;
  }

  void save(std::vector<split_position>& out) const {
    for (std::uint32_t k = 0; k < owned_; ++k) {
      byte_vector position;
      byte_writer(position).scalar<std::uint64_t>(row_of(k));
      out.push_back({std::to_string(class_of(k)), std::move(position)});
    }
  }
  result<void> restore(const std::vector<split_position>& splits, const std::string& uid) {
    if (splits.empty()) return {};
    restored_.assign(class_count, 0);
    for (const auto& split : splits) {
      byte_reader reader(split.position);
      const auto row = reader.scalar<std::uint64_t>();
      const auto index = number_of(split.id);
      if (reader.failed() || !reader.at_end() || index >= class_count) {
        return error{error_code::corrupt, "source '" + uid + "': split '" + split.id +
                                              "' is no residue class with a row"};
      }
      restored_[index] = row;
    }
    return {};
  }

 private:
  std::uint32_t class_of(std::uint32_t k) const { return subtask_ + k * stride_; }
  std::uint64_t row_of(std::uint32_t k) const {
    if (!in_step_) return rows_[k];
    return k < at_ ? row_ + 1 : row_;
  }
  std::uint64_t records_made() const {
    if (in_step_) return row_ * owned_ + at_;
    std::uint64_t made = 0;
    for (const auto row : rows_) made += row;
    return made;
  }
  /// How many numbers below `bound` are in this subtask's classes.
  std::uint64_t owned_below(std::uint64_t bound) const {
    const std::uint64_t rest = bound % class_count;
    const std::uint64_t in_last_row =
        rest <= subtask_ ? 0 : std::min<std::uint64_t>((rest - subtask_ - 1) / stride_ + 1, owned_);
    return bound / class_count * owned_ + in_last_row;
  }
  static std::uint32_t number_of(const std::string& id) {
    std::uint32_t number = 0;
    if (id.empty() || id.size() > 4) return class_count;
    for (const char c : id) {
      if (c < '0' || c > '9') return class_count;
      number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return number;
  }
  std::uint64_t next_seq() const {
    if (in_step_) return row_ * class_count + class_of(at_);
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    for (std::uint32_t k = 0; k < owned_; ++k) {
      least = std::min(least, rows_[k] * class_count + class_of(k));
    }
    return least;
  }
  std::chrono::steady_clock::duration time_of(std::uint64_t seq) const {
    if (schedule_.records_per_second <= 0) return {};
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(static_cast<double>(seq) / schedule_.records_per_second));
  }
  /// After a change of parallelism the classes stand at different rows: the one furthest behind goes first, as far as
  /// the next one stands.
  run catch_up(std::uint64_t bound, std::uint32_t limit) {
    const auto behind = std::min_element(rows_.begin(), rows_.end());
    std::uint64_t next_row = *behind + limit;
    for (const auto row : rows_) {
      if (row > *behind) next_row = std::min(next_row, row);
    }
    const std::uint64_t first =
        *behind * class_count + class_of(static_cast<std::uint32_t>(behind - rows_.begin()));
    if (first >= bound) return {};
    const std::uint64_t below = (bound - first - 1) / class_count + 1;
    const auto count = static_cast<std::uint32_t>(std::min(next_row - *behind, below));
    *behind += count;
    try_step();
    return {first, class_count, count};
  }
  void try_step() {
    row_ = rows_.back();
    at_ = 0;
    while (at_ < owned_ && rows_[at_] == row_ + 1) ++at_;
    in_step_ = at_ < owned_;
    for (std::uint32_t k = at_; k < owned_; ++k) in_step_ = in_step_ && rows_[k] == row_;
  }

  residue_schedule schedule_;
  std::uint32_t subtask_ = 0;
  std::uint32_t stride_ = 1;
  std::uint32_t owned_ = class_count;
  std::vector<std::uint64_t> rows_;
  std::vector<std::uint64_t> restored_;
  bool in_step_ = true;
  std::uint64_t row_ = 0;
  std::uint32_t at_ = 0;
  steady_time start_{};
};

}  // namespace weir::detail
