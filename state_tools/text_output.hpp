// SPDX-License-Identifier: Apache-2.0
// text_output is where a tool prints: lines are collected and handed on in blocks, so that a million of them are some
// hundred writes, and memory holds one block.
//
// Owner:      one thread.
// Invariants: after a failed write nothing more is written, and failed() says so: the reader of a pipe has gone, or a disk
//             is full.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

class text_output {
 public:
  /// Writes all of the text; false when that failed.
  using writer = std::function<bool(std::string_view)>;

  explicit text_output(writer write) : write_(std::move(write)) { block_.reserve(2 * block_bytes); }
  ~text_output() { flush(); }
  text_output(const text_output&) = delete;
  text_output& operator=(const text_output&) = delete;

  /// Append a line here, then call line_is_complete().
  std::string& line() { return block_; }
  void line_is_complete() {
    block_ += '\n';
    if (block_.size() >= block_bytes) flush();
  }
  void print(std::string_view line) {
    block_ += line;
    line_is_complete();
  }
  void flush() {
    if (block_.empty()) return;
    handed_on_ = true;
    if (!failed_) failed_ = !write_(block_);
    block_.clear();
  }
  /// Takes back what was printed; false: some of it has been handed on already.
  bool discard() {
    if (handed_on_) return false;
    block_.clear();
    return true;
  }
  bool failed() const { return failed_; }

 private:
  static constexpr std::size_t block_bytes = std::size_t{256} << 10;
  writer write_;
  std::string block_;
  bool handed_on_ = false;
  bool failed_ = false;
};

}  // namespace weir
