// SPDX-License-Identifier: Apache-2.0
// Text in quotes for a terminal, and as JSON.
//
// Owner:      functions without state.
// Invariants: what is appended is one line of printable UTF-8 whatever the text is; append_json_string gives a JSON string
//             for UTF-8 only.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir {

bool is_utf8(std::string_view text);

/// "a\tb": escapes as in C; what is no UTF-8 as \xff.
void append_quoted(std::string& out, std::string_view text);
/// REQUIRES: is_utf8(text).
void append_json_string(std::string& out, std::string_view text);
/// A name among other text: bytes that would move a terminal's cursor are shown as '?'.
std::string printable(std::string name);
void append_hex(std::string& out, std::span<const std::byte> bytes);

}  // namespace weir
