// SPDX-License-Identifier: Apache-2.0
// Durations as users write them in configurations ("100 ms", "1s", "2 min") and as weir prints
// them.
//
// Owner:      free functions over values; any thread.
// Invariants: parse_duration(print_duration(d)) == d for every d >= 0.
// Source:     Flink's notation: an integer and one of d, h, min, s, ms, µs, ns, or their long forms
//             and plurals; without a unit, milliseconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "weir/core/result.hpp"

namespace weir {

/// error_code::invalid_argument for a negative or fractional number, an unknown unit, or more than
/// 292 years.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Exact, in the largest unit that divides it: "90 s" is "90 s", "120 s" is "2 min", 0 is "0 ms".
std::string print_duration(std::chrono::nanoseconds duration);

/// Rounded to three digits for reports: "1.53 s", "12.4 ms", "3 min 5 s".
std::string print_rounded(std::chrono::nanoseconds duration);

}  // namespace weir
