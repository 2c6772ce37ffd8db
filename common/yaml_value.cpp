// SPDX-License-Identifier: Apache-2.0
#include "common/yaml_value.hpp"

#include <algorithm>
#include <cstdio>

#include "common/quantity.hpp"

namespace weir {
namespace {

/// Whether YAML sees one word, or several, and nothing else in it. Narrower than YAML's own rule.
bool is_plain(std::string_view text) {
  constexpr std::string_view harmless = "_./+- ";
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto allowed = [&](char c) { return is_word(c) || harmless.find(c) != harmless.npos; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), allowed)) return false;
  const bool negative = text.size() > 1 && text[0] == '-' && is_word(text[1]);
  const bool begins_well = is_word(text[0]) || text[0] == '/' || negative;
  return begins_well && text.back() != ' ' && detail::lower_case(text) != "null";
}

}  // namespace

std::string yaml_value(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string shown = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      shown += escape;
    } else {
      if (c == '"' || c == '\\') shown += '\\';
      shown += c;
    }
  }
  return shown + '"';
}

}  // namespace weir
