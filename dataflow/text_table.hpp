// SPDX-License-Identifier: Apache-2.0
// text_table lays out rows of cells in columns for a terminal: two spaces before each cell, left
// aligned.
//
// Owner:      a local of whoever writes a text.
#pragma once

#include <string>
#include <vector>

namespace weir {

class text_table {
 public:
  /// Rows may differ in length; what follows a row's last filled cell is left out.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  /// Each row ends with a newline.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir
