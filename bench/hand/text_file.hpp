// SPDX-License-Identifier: Apache-2.0
// How the hand-written word counts get at their text: text_file is an open file, cut into ranges of
// whole lines; line_blocks reads one range in blocks; mapped_text has all of it in memory.
//
// Owner:      text_file and mapped_text may be read by many threads at once; line_blocks belongs to
//             one thread.
// Invariants: what they give out is followed by split_overread readable bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/core/result.hpp"

namespace weir::bench {

/// Bytes [begin, end) of a file.
struct byte_range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class text_file {
 public:
  /// Errors: io when the file cannot be opened.
  static result<text_file> open(const std::string& path);
  text_file(text_file&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  text_file& operator=(text_file&&) = delete;
  ~text_file();

  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }
  /// `parts` ranges that cover the file, each of whole lines, of about equal size.
  std::vector<byte_range> whole_lines(unsigned parts) const;

 private:
  text_file(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  std::uint64_t line_start_from(std::uint64_t offset) const;

  int descriptor_;
  std::uint64_t size_;
};

class line_blocks {
 public:
  line_blocks(const text_file& file, byte_range range);

  /// The next block of whole lines (the last line of the range may lack its end); empty when there
  /// are no more, or when the file cannot be read. Valid until the next call.
  std::string_view next();

 private:
  static constexpr std::size_t block_bytes = 128 * 1024;  // stays in the second-level cache

  int descriptor_;
  byte_range rest_;
  std::vector<char> buffer_;
  std::size_t given_ = 0;  // bytes at the front of the buffer that next() gave out
  std::size_t filled_ = 0;
};

class mapped_text {
 public:
  /// With all its pages. Errors: io when the file cannot be mapped.
  static result<mapped_text> map(const text_file& file);
  mapped_text(mapped_text&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_), mapped_(other.mapped_) {}
  mapped_text& operator=(mapped_text&&) = delete;
  ~mapped_text();

  std::string_view part(byte_range range) const {
    return {data_ + range.begin, static_cast<std::size_t>(range.end - range.begin)};
  }

 private:
  mapped_text(char* data, std::size_t size, std::size_t mapped)
      : data_(data), size_(size), mapped_(mapped) {}

  char* data_;
  std::size_t size_;
  std::size_t mapped_;
};

}  // namespace weir::bench
