// SPDX-License-Identifier: Apache-2.0
// canonical_value checks one value of one setting and spells it as the table does.
//
// Owner:      free functions over values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/configuration_key.hpp"
#include "weir/core/result.hpp"

namespace weir::detail {

/// The value without outer spaces, choices and booleans in the table's spelling.
/// error_code::invalid_argument with the key, the value, and what was expected.
result<std::string> canonical_value(const configuration_key& key, std::string_view value);

result<std::int64_t> parse_integer(std::string_view text);
result<double> parse_number(std::string_view text);

}  // namespace weir::detail
