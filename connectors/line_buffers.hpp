// SPDX-License-Identifier: Apache-2.0
// line_buffers is the text of a sink between its task and its lane: one buffer that fills, those
// that are under way, and a few empty ones to use again.
//
// Owner:      the sink task.
// Invariants: bytes() counts every byte that was put into the open buffer and not yet given back
//             as written.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class line_buffers {
 public:
  /// Enough for a write that costs little beside its bytes.
  static constexpr std::size_t hand_on_bytes = std::size_t{64} << 10;
  /// 8 MiB: a disk that stops for a moment (a journal commit) does not stop the task.
  static constexpr std::uint64_t bytes_max = std::uint64_t{8} << 20;

  std::string& open() { return open_; }
  const std::string& open() const { return open_; }
  bool is_full_buffer() const { return open_.size() >= hand_on_bytes; }
  bool has_room() const { return bytes() < bytes_max; }
  std::uint64_t bytes() const { return under_way_ + open_.size(); }

  /// The filled buffer; an empty one takes its place.
  std::string take() {
    std::string next;
    if (!spare_.empty()) {
      next = std::move(spare_.back());
      spare_.pop_back();
    }
    under_way_ += open_.size();
    return std::exchange(open_, std::move(next));
  }
  /// The text of `written` is out.
  void give_back(std::string written) {
    under_way_ -= written.size();
    if (spare_.size() == spare_max) return;
    written.clear();
    spare_.push_back(std::move(written));
  }

 private:
  /// One fills while another is written; more only after the lane lagged.
  static constexpr std::size_t spare_max = 4;

  std::string open_;
  std::uint64_t under_way_ = 0;
  std::vector<std::string> spare_;
};

}  // namespace weir
