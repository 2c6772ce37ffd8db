// SPDX-License-Identifier: Apache-2.0
// find_text_fault finds the first place at which bytes are no text that a person can edit: not
// UTF-8, or a control character.
//
// Owner:      a free function over values; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace weir {

struct text_fault {
  std::size_t line;    ///< from 1
  std::size_t column;  ///< from 1, in bytes
  std::string_view what;
};

/// Tabs, line feeds and carriage returns are text. O(text).
std::optional<text_fault> find_text_fault(std::string_view text);

}  // namespace weir
