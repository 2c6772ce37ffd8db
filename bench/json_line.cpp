// SPDX-License-Identifier: Apache-2.0
#include "bench/json_line.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace weir::bench {

json_line& json_line::field(std::string_view name, double value) {
  if (!std::isfinite(value)) return null(name);
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 6);
  begin(name);
  text_.append(digits, end.ptr);
  return *this;
}

json_line& json_line::field(std::string_view name, std::string_view value) {
  begin(name);
  quoted(value);
  return *this;
}

json_line& json_line::field(std::string_view name, bool value) {
  begin(name);
  text_ += value ? "true" : "false";
  return *this;
}

json_line& json_line::null(std::string_view name) {
  begin(name);
  text_ += "null";
  return *this;
}

json_line& json_line::unsigned_field(std::string_view name, std::uint64_t value) {
  begin(name);
  text_ += std::to_string(value);
  return *this;
}

void json_line::begin(std::string_view name) {
  if (text_.size() > 1) text_ += ", ";
  quoted(name);
  text_ += ": ";
}

void json_line::quoted(std::string_view text) {
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      text_ += escape;
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace weir::bench
