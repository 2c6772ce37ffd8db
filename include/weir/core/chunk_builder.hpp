// SPDX-License-Identifier: Apache-2.0
// chunk_builder cuts a sequence of encoded entries into chunks of about chunk_target_bytes.
//
// Owner:      the table (or log) that writes through it.
// Invariants: (1) a chunk is cut only between entries; (2) its `entries` and `groups` cover exactly
// what was counted;
//             (3) open().size() < chunk_target_bytes after every count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "weir/core/chunk.hpp"

namespace weir {

class chunk_builder {
 public:
  explicit chunk_builder(chunk_kind kind) : kind_(kind) { begin_chunk(); }

  /// Where the next entry's bytes are appended; count() must follow.
  byte_vector& open() { return open_.bytes; }
  void count(std::uint32_t group) { count(1, {group, group}); }
  /// The bytes appended since the last count hold `entries` entries, all within `groups`.
  void count(std::uint32_t entries, key_group_range groups) {
    if (entries == 0) return;
    open_.entries += entries;
    entries_ += entries;
    open_.groups.first = std::min(open_.groups.first, groups.first);
    open_.groups.last = std::max(open_.groups.last, groups.last);
    if (open_.bytes.size() >= chunk_target_bytes) cut();
  }

  /// Moves the finished chunks to the end of out.
  void take_finished(std::vector<chunk>& out) {
    std::move(finished_.begin(), finished_.end(), std::back_inserter(out));
    finished_.clear();
  }
  /// Moves everything to the end of out, also a chunk that is not full.
  void take_all(std::vector<chunk>& out) {
    if (open_.entries != 0) cut();
    take_finished(out);
  }
  void copy_all(std::vector<chunk>& out) const {
    out.insert(out.end(), finished_.begin(), finished_.end());
    if (open_.entries != 0) out.push_back(open_);
  }
  void append(chunk_builder&& later) {
    if (open_.entries != 0) cut();
    later.take_all(finished_);
    entries_ += std::exchange(later.entries_, 0);
    bytes_cut_ += std::exchange(later.bytes_cut_, 0);
  }
  void clear() { *this = chunk_builder(kind_); }

  /// Entries and bytes since the builder was made or cleared, taken or not.
  std::uint64_t entries() const { return entries_; }
  std::uint64_t bytes() const { return bytes_cut_ + open_.bytes.size(); }

 private:
  void begin_chunk() {
    open_ = chunk{};
    open_.kind = kind_;
    open_.groups = {key_group_count, 0};
  }
  void cut() {
    bytes_cut_ += open_.bytes.size();
    finished_.push_back(std::move(open_));
    begin_chunk();
    open_.bytes.reserve(chunk_target_bytes +
                        chunk_target_bytes / 8);  // the first chunk may stay small
  }

  chunk_kind kind_;
  chunk open_;
  std::vector<chunk> finished_;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_cut_ = 0;
};

}  // namespace weir
