// SPDX-License-Identifier: Apache-2.0
// words splits a text at its spaces.
//
// Owner:      a free function over values; any thread. The views point into the text.
#pragma once

#include <string_view>
#include <vector>

namespace weir::detail {

/// No empty words.
inline std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = text.find(' ') == text.npos ? text.size() : text.find(' ');
    if (end != 0) found.push_back(text.substr(0, end));
    text.remove_prefix(end == text.size() ? end : end + 1);
  }
  return found;
}

}  // namespace weir::detail
