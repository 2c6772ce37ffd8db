// SPDX-License-Identifier: Apache-2.0
#include "common/quoted.hpp"

#include <array>
#include <cstddef>

namespace weir::detail {
namespace {

constexpr std::size_t shown_bytes_max = 120;

/// Where to cut so that no character of UTF-8 is split.
std::size_t cut_of(std::string_view text) {
  if (text.size() <= shown_bytes_max) return text.size();
  std::size_t cut = shown_bytes_max;
  while (cut > shown_bytes_max - 4 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return cut;
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::size_t cut = cut_of(text);
  std::string shown = "\"";
  for (const char c : text.substr(0, cut)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte != 0x7f) {
      shown += c;
    } else {
      shown.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  return shown + (cut < text.size() ? "\"..." : "\"");
}

}  // namespace weir::detail
