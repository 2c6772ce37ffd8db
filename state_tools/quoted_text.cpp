// SPDX-License-Identifier: Apache-2.0
#include "state_tools/quoted_text.hpp"

#include <cstdint>

namespace weir {
namespace {

constexpr char digits[] = "0123456789abcdef";

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/// Length of the character at the begin of `text`, of two bytes or more; 0: there is none.
std::size_t wide_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool no_character = (code >= 0xd800 && code < 0xe000) || code > 0x10ffff;
  return too_long || no_character ? 0 : length;
}

void append_byte(std::string& out, char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

void append_escape(std::string& out, char c, const char* prefix) {
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    default:
      out += prefix;
      append_byte(out, c);
  }
}

/// `prefix`: what stands before the two digits of a byte that cannot be shown.
void append(std::string& out, std::string_view text, const char* prefix) {
  out += '"';
  while (!text.empty()) {
    std::size_t run = 0;
    while (run < text.size() && is_plain(text[run])) ++run;
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const std::size_t wide = wide_character(text);
    if (wide == 0) {
      append_escape(out, text[0], prefix);
    } else {
      out.append(text.substr(0, wide));
    }
    text.remove_prefix(wide == 0 ? 1 : wide);
  }
  out += '"';
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = static_cast<std::uint8_t>(text[0]) < 0x80 ? 1 : wide_character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_quoted(std::string& out, std::string_view text) {
  append(out, text, "\\x");
}

void append_json_string(std::string& out, std::string_view text) {
  append(out, text, "\\u00");
}

std::string printable(std::string name) {
  for (char& c : name) {
    if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return name;
}

void append_hex(std::string& out, std::span<const std::byte> bytes) {
  for (const std::byte one : bytes) append_byte(out, static_cast<char>(one));
}

}  // namespace weir
