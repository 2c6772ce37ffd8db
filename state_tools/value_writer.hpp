// SPDX-License-Identifier: Apache-2.0
// value_writer writes a stored value as text or JSON, knowing only the schema that was stored with it (schema.hpp), not
// the type of the program that wrote it.
//
//   type                          text                   JSON
//   i8 .. u64, f32, f64, bool     as they are            number, true, false; "nan", "inf", "-inf"
//   string, char                  "with escapes"         string; {"$hex":"c3"} when it is no UTF-8
//   bytes                         x0a1b                  {"$hex":"0a1b"}
//   record                        {word:"a",count:1}     {"word":"a","count":1}
//   tuple, list, set, array       (1,2)  [1,2]           [1,2]
//   map                           {"a":1}                [{"key":"a","value":1}]
//   optional                      none, or the value     null, or the value
//   variant                       #1 value               {"index":1,"value":2}
//   duration<i64,1/1000>          15 ms                  15
//   unit                          ()                     null
//
// Owner:      a value; any thread.
// Invariants: (1) no bytes and no schema crash it; (2) what is written for one value is bounded: what is longer is cut and
//             says so (text: a mark at the end; JSON: {"$cut_bytes":n} in place of the value).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/core/bytes.hpp"
#include "weir/core/schema.hpp"

namespace weir {

enum class value_style : std::uint8_t { text, json };

class value_writer {
 public:
  /// `bytes_max`: of the text of one value, about.
  explicit value_writer(value_style style, std::size_t bytes_max = std::size_t{64} << 10)
      : style_(style), bytes_max_(bytes_max) {}

  value_style style() const { return style_; }

  /// Whether values of this schema can be written: all but those of an application's own codecs.
  static bool knows(const schema_node& type);

  /// Appends the value that `bytes` are, all of them. REQUIRES: knows(type). False: they are not one of that type.
  bool write(const schema_node& type, std::span<const std::byte> bytes, std::string& out) const;

  /// Appends bytes of unknown form: x0a1b, or {"$hex":"0a1b"}.
  void write_hex(std::span<const std::byte> bytes, std::string& out) const;
  /// Appends text in quotes, as a value of type string.
  void write_string(std::string_view text, std::string& out) const;

 private:
  value_style style_;
  std::size_t bytes_max_;
};

}  // namespace weir
