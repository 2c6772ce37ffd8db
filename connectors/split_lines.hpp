// SPDX-License-Identifier: Apache-2.0
// split_lines turns the blocks of a split_reader into lines and knows, between any two of them, the
// offset from which another reader goes on: that is the position of the split in a snapshot.
//
// Owner:      the source task. Not thread safe; the blocks' buffers are the caller's.
// Invariants: (1) offset_after_last_line() is the offset of the first byte that was not yet handed
// out as a line (or
//             dropped as too long), never within a line; (2) reading again from it gives the
//             remaining lines, exactly.
// Source:     P11, P21; docs/formats.md, splits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/line_splitter.hpp"
#include "connectors/split_reader.hpp"

namespace weir {

class split_lines {
 public:
  /// `offset` is what was given to split_reader::open.
  split_lines(const file_split& split, std::uint64_t offset, line_options options = {})
      : id_(split.id()), base_(offset), splitter_(options) {}

  /// Takes the next block, in order, when needs_block(). Its bytes must stay in place until
  /// needs_block() again, or finished(), or failed(), except that a view already handed out lives
  /// only until the next call anyway.
  void on_block(const split_block& block) {
    WEIR_CHECK(needs_block(), id_);
    if (!aligned_) base_ = block.offset;  // the reader skipped the line before the first
    WEIR_CHECK(block.offset == base_ + splitter_.consumed() + splitter_.carried(), id_,
               block.offset);
    aligned_ = !block.bytes.empty();
    last_ = block.last;
    open_ = true;
    splitter_.begin_block(block.bytes);
  }

  /// The next line; false when the block is used up, and then needs_block(), finished() or failed()
  /// tells what is next.
  bool next_line(std::string_view& line) {
    if (!open_) return false;
    const line_step step = splitter_.next(line);
    if (step == line_step::line) [[likely]]
      return true;
    return end_of_block(step, line);
  }

  /// Where the next line begins; at least split.end when finished().
  std::uint64_t offset_after_last_line() const { return base_ + splitter_.consumed(); }

  bool needs_block() const { return !open_ && !finished_ && !failed_; }
  bool finished() const { return finished_; }
  /// A line broke the bound under long_line_policy::fail; it begins at offset_after_last_line().
  bool failed() const { return failed_; }
  /// What to fail with when failed(): corrupt (no restart can help), naming split, offset and
  /// bound.
  error failure() const {
    return {error_code::corrupt, "the line at offset " + std::to_string(offset_after_last_line()) +
                                     " of split " + id_ + " is longer than " +
                                     std::to_string(splitter_.options().length_max) + " bytes"};
  }
  const line_counters& counters() const { return splitter_.counters(); }

 private:
  bool end_of_block(line_step step, std::string_view& line) {
    if (step == line_step::need_more && last_)
      step = splitter_.finish(partial_line_policy::emit, line);
    if (step == line_step::line) {
      return true;  // the last line had no LF; the call after this one ends the block
    }
    open_ = false;
    failed_ = step == line_step::too_long;
    finished_ = !failed_ && last_;
    return false;
  }

  std::string id_;
  std::uint64_t base_;  ///< offset of the first byte given to the splitter
  line_splitter splitter_;
  bool aligned_ = false;  ///< a block with bytes has come: base_ is fixed
  bool last_ = false;     ///< the open block is the last
  bool open_ = false;     ///< a block is being split
  bool finished_ = false;
  bool failed_ = false;
};

}  // namespace weir
