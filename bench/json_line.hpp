// SPDX-License-Identifier: Apache-2.0
// json_line builds one JSON object on one line, the output of every benchmark.
//
// Owner: whoever made it; not thread safe. Does not check that names are unique.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::bench {

class json_line {
 public:
  /// A number that is not finite becomes null.
  json_line& field(std::string_view name, double value);
  json_line& field(std::string_view name, std::string_view value);
  json_line& field(std::string_view name, const char* value) {
    return field(name, std::string_view(value));
  }
  json_line& field(std::string_view name, bool value);
  json_line& null(std::string_view name);
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) json_line& field(std::string_view name, T value) {
    return unsigned_field(name, value);
  }

  /// The object so far, closed, without an end of line.
  std::string text() const { return text_ + "}"; }

 private:
  void begin(std::string_view name);
  void quoted(std::string_view text);
  json_line& unsigned_field(std::string_view name, std::uint64_t value);

  std::string text_ = "{";
};

}  // namespace weir::bench
