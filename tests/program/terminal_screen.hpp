// SPDX-License-Identifier: Apache-2.0
// terminal_screen is what someone sees who runs a program on a terminal: rows of text, made of the bytes that it wrote. It
// knows as much of terminals as weir uses, and keeps what each erased row had shown.
//
// Owner:      a test, on its thread.
// Invariants: a byte that it does not know is a fault of the program: unknown() is not empty then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class terminal_screen {
 public:
  void put(std::string_view bytes) {
    for (const char c : bytes) put(c);
  }

  /// Rows that were ended by a line break.
  const std::vector<std::string>& rows() const { return rows_; }
  /// The row of the cursor.
  const std::string& last_row() const { return row_; }
  /// What rows had shown that were erased.
  const std::vector<std::string>& erased() const { return erased_; }
  std::size_t colours() const { return colours_; }
  const std::string& unknown() const { return unknown_; }

 private:
  void put(char c) {
    if (!escape_.empty()) return put_escaped(c);
    if (c == '\x1b') {
      escape_ = c;
    } else if (c == '\r') {
      column_ = 0;
    } else if (c == '\n') {
      rows_.push_back(row_);
      row_.clear();
      column_ = 0;
    } else if (static_cast<unsigned char>(c) < ' ') {
      unknown_ += c;
    } else {
      row_.resize(std::max(row_.size(), column_ + 1), ' ');
      row_[column_++] = c;
    }
  }

  void put_escaped(char c) {
    escape_ += c;
    const bool ends = c != '[' && (c < '0' || c > ';');
    if (!ends) return;
    if (escape_ == "\x1b[K") {
      if (column_ == 0) erased_.push_back(row_);
      row_.resize(std::min(row_.size(), column_));
    } else if (c == 'm') {
      ++colours_;
    } else {
      unknown_ += escape_;
    }
    escape_.clear();
  }

  std::vector<std::string> rows_;
  std::vector<std::string> erased_;
  std::string row_;
  std::string escape_;
  std::string unknown_;
  std::size_t column_ = 0;
  std::size_t colours_ = 0;
};

}  // namespace weir
