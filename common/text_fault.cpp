// SPDX-License-Identifier: Apache-2.0
#include "common/text_fault.hpp"

#include <algorithm>

#include "weir/core/utf8.hpp"

namespace weir {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

text_fault fault_at(std::string_view text, std::size_t at, std::string_view what) {
  const auto before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n');
  const auto line_begin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return {static_cast<std::size_t>(line) + 1, at - line_begin + 1, what};
}

}  // namespace

std::optional<text_fault> find_text_fault(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_control(text[at])) {
      return fault_at(text, at, "a control character; is this a binary file?");
    }
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return fault_at(text, at, "a byte that is not UTF-8");
    at += length;
  }
  return {};
}

}  // namespace weir
