// SPDX-License-Identifier: Apache-2.0
// split_reader reads the bytes of the lines of one split, block by block, from the split's begin or
// from an offset that split_lines reported. It skips the end of the line that began in the split
// before, reads past the split's end to finish its own last line, and stops there: the blocks
// together are exactly the split's lines.
//
// Owner:      a source's lane; its calls block. Not thread safe. Blocks may run ahead of what was
// split into lines. Invariants: (1) blocks are contiguous, the first begins where a line begins;
// (2) nothing behind file_size_seen is read;
//             (3) each call reads at most one block, also while it looks for the first line.
// Source:     docs/formats.md, splits; P21.
#pragma once

#include <cstdint>
#include <span>

#include "connectors/file_splits.hpp"
#include "connectors/unique_fd.hpp"

namespace weir {

/// Bytes [offset, offset + bytes.size()) of the file, in the buffer given to read_block. May be
/// empty.
struct split_block {
  std::uint64_t offset = 0;
  std::span<const char> bytes;
  bool last = false;  ///< nothing of this split follows
};

class split_reader {
 public:
  /// Opens the file at `offset`: split.begin for the whole split, or an offset_after_last_line() of
  /// an earlier run; one at or after split.end gives one empty last block. Errors: not_found;
  /// invalid_argument (no permission, not a regular file, offset before the split or behind the
  /// file); corrupt (the file is shorter than when it was enumerated); io.
  static result<split_reader> open(const file_split& split, std::uint64_t offset);

  /// Reads on into `buffer` (capacity at least 1; 256 KiB is a good size), until a block is `last`.
  /// The bytes are somewhere in the buffer. After an error the reader stays where it was. Errors:
  /// corrupt (the file was truncated meanwhile, or no line begins at the offset given to open: the
  /// file is not the one that the snapshot saw); io.
  result<split_block> read_block(char* buffer, std::size_t capacity);

  /// By how many bytes the file has grown since it was enumerated; they are not read.
  std::uint64_t grown_bytes() const { return grown_bytes_; }
  const file_split& split() const { return split_; }

 private:
  /// What the next byte is.
  enum class phase : std::uint8_t {
    skip_line,   ///< within the line before the split's first
    check_line,  ///< the byte before a resumed offset: must be LF
    lines,       ///< of a line of this split
    done,
  };
  split_reader(file_split split, unique_fd file, std::uint64_t offset, std::uint64_t grown);
  result<std::size_t> read_at(char* buffer, std::size_t size) const;
  split_block end_block();
  result<split_block> skip_line(std::span<const char> bytes);
  result<split_block> check_line(std::span<const char> bytes);
  split_block take_lines(std::span<const char> bytes);

  file_split split_;
  unique_fd file_;
  std::uint64_t at_ = 0;  ///< of the next byte to read
  phase phase_ = phase::lines;
  std::uint64_t grown_bytes_ = 0;
};

}  // namespace weir
