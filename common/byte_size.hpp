// SPDX-License-Identifier: Apache-2.0
// Sizes in bytes as users write them in configurations ("64 mb", "1g") and as weir prints them.
//
// Owner:      free functions over values; any thread.
// Invariants: parse_byte_size(print_byte_size(n)) == n for every n.
// Source:     Flink's notation: an integer and one of b, k or kb, m or mb, g or gb, t or tb, all
//             powers of 1024; without a unit, bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/core/result.hpp"

namespace weir {

/// error_code::invalid_argument for a negative or fractional number, an unknown unit, or 2^64 bytes
/// and more.
result<std::uint64_t> parse_byte_size(std::string_view text);

/// Exact, in the largest unit that divides it: "64 kb", "1000 b".
std::string print_byte_size(std::uint64_t bytes);

/// Rounded to three digits or fewer for reports: "512 b", "1.5 kb", "71.2 mb".
std::string print_rounded_size(std::uint64_t bytes);

}  // namespace weir
