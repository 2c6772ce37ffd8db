// SPDX-License-Identifier: Apache-2.0
// parse_quantity reads "<integer> <unit>" given a table of units: what durations and sizes have in
// common.
//
// Owner:      free functions over values; any thread.
// Invariants: every string is either read exactly or refused with a message that names it and what
//             was expected.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weir/core/result.hpp"

namespace weir::detail {

struct unit_label {
  std::string_view label;  // lower case
  std::uint64_t factor;    // in base units, > 0
};

struct quantity_grammar {
  std::string_view what;              // "duration"
  std::string_view expected;          // the second half of every message
  std::span<const unit_label> units;  // the empty label is the default unit
  std::uint64_t largest;              // in base units
};

/// The value in base units. Spaces around number and unit are allowed, units are read in any case.
result<std::uint64_t> parse_quantity(std::string_view text, const quantity_grammar& grammar);

/// `text` without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// `text` with A-Z as a-z; other bytes as they are.
std::string lower_case(std::string_view text);

}  // namespace weir::detail
