// SPDX-License-Identifier: Apache-2.0
// request_body reads the JSON object of a request: fields that are known, each of its type.
//
// Owner:      a value.
// Errors:     invalid_argument with the field, what it holds and what was expected.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "weir/core/result.hpp"

namespace weir::rest {

enum class field_type : std::uint8_t { text, boolean };
struct known_field {
  std::string_view name;
  field_type type;
};

class request_body {
 public:
  /// An empty body is an empty object.
  static result<request_body> parse(std::string_view body,
                                    std::initializer_list<known_field> known);

  /// Nothing when it is absent or null.
  std::optional<std::string> text(std::string_view field) const;
  bool boolean(std::string_view field) const { return text(field) == "true"; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace weir::rest
