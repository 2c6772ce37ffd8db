// SPDX-License-Identifier: Apache-2.0
// Reads over a value of which only the schema is known: a field that a record no longer has.
//
// Invariants: ends on any bytes and any schema tree: every value takes a byte or fails, and the
//             depth of the tree is bounded by parse_schema.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "weir/core/codec.hpp"
#include "weir/core/schema.hpp"

namespace weir::detail {

inline std::size_t scalar_bytes(std::string_view name) {
  constexpr std::pair<std::string_view, std::size_t> sizes[] = {
      {"i8", 1},  {"u8", 1},  {"bool", 1}, {"char", 1}, {"unit", 1}, {"i16", 2}, {"u16", 2},
      {"i32", 4}, {"u32", 4}, {"f32", 4},  {"i64", 8},  {"u64", 8},  {"f64", 8}};
  for (const auto& [known, bytes] : sizes) {
    if (known == name) return bytes;
  }
  return 0;
}

/// Whether skip() knows the bytes of this type: all but those of an application's own codecs.
inline bool can_skip(const schema_node& node) {
  const auto& parts = node.parts;
  const auto all = [&](std::size_t from, std::size_t to) {
    return std::all_of(parts.begin() + static_cast<std::ptrdiff_t>(from),
                       parts.begin() + static_cast<std::ptrdiff_t>(to), can_skip);
  };
  if (parts.empty() && (node.name == "string" || node.name == "bytes")) return true;
  if (parts.empty() && scalar_bytes(node.name) != 0) return true;
  if (node.is_record() || node.name == "tuple" || node.name == "variant")
    return all(0, parts.size());
  if (node.name == "list" || node.name == "set" || node.name == "optional") {
    return parts.size() == 1 && all(0, 1);
  }
  if (node.name == "map") return parts.size() == 2 && all(0, 2);
  if (node.name == "array" || node.name == "duration") return parts.size() == 2 && all(0, 1);
  return false;
}

/// Reads over one value of the written type, for which can_skip() holds.
inline bool skip(const schema_node& node, byte_reader& in);

inline bool skip_times(const schema_node& node, std::uint64_t times, byte_reader& in) {
  // Ends early: every value takes a byte or fails.
  for (std::uint64_t i = 0; i < times; ++i) {
    for (const schema_node& part : node.parts) {
      if (!skip(part, in)) return false;
    }
  }
  return !in.failed();
}

inline bool skip_array(const schema_node& node, byte_reader& in) {
  std::uint64_t count = 0;
  for (const char digit : node.parts[1].name) {
    if (digit < '0' || digit > '9' || count > SIZE_MAX / 16) return false;
    count = count * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!skip(node.parts[0], in)) return false;
  }
  return count != 0;  // no array of a codec is empty; one here could repeat a value of no bytes
}

inline bool skip(const schema_node& node, byte_reader& in) {
  if (const std::size_t bytes = scalar_bytes(node.name); bytes != 0) {
    in.take(bytes);
    return !in.failed();
  }
  if (node.name == "string" || node.name == "bytes") {
    in.text();
    return !in.failed();
  }
  if (node.is_record() || node.name == "tuple") {
    if (node.parts.empty()) in.take(1);
    return skip_times(node, 1, in);
  }
  if (node.name == "array") return skip_array(node, in);
  if (node.name == "duration") return skip(node.parts[0], in);
  if (node.name == "variant") {
    const auto index = in.scalar<std::uint8_t>();
    return !in.failed() && index < node.parts.size() && skip(node.parts[index], in);
  }
  if (node.name == "optional") {
    const auto count = in.scalar<std::uint8_t>();
    return count <= 1 && skip_times(node, count, in);
  }
  return skip_times(node, decode_length(in), in);  // list, set, map
}

}  // namespace weir::detail
