// SPDX-License-Identifier: Apache-2.0
#include "common/duration.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "common/quantity.hpp"

namespace weir {
namespace {

constexpr std::uint64_t us = 1'000;
constexpr std::uint64_t ms = 1'000 * us;
constexpr std::uint64_t s = 1'000 * ms;
constexpr std::uint64_t min = 60 * s;
constexpr std::uint64_t h = 60 * min;
constexpr std::uint64_t d = 24 * h;

// The micro sign exists twice in Unicode (U+00B5 and the Greek letter U+03BC); keyboards give
// either.
// clang-format off
constexpr detail::unit_label units[] = {
    {"", ms},
    {"d", d}, {"day", d}, {"days", d},
    {"h", h}, {"hour", h}, {"hours", h},
    {"m", min}, {"min", min}, {"minute", min}, {"minutes", min},
    {"s", s}, {"sec", s}, {"secs", s}, {"second", s}, {"seconds", s},
    {"ms", ms}, {"milli", ms}, {"millis", ms}, {"millisecond", ms}, {"milliseconds", ms},
    {"us", us}, {"\u00b5s", us}, {"\u03bcs", us}, {"micro", us}, {"micros", us},
    {"microsecond", us}, {"microseconds", us},
    {"ns", 1}, {"nano", 1}, {"nanos", 1}, {"nanosecond", 1}, {"nanoseconds", 1},
};
// clang-format on

constexpr detail::quantity_grammar grammar = {
    "duration",
    "an integer and a unit of d, h, min, s, ms, us or ns (ms when absent), such as \"100 ms\"",
    units,
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()),
};

struct printed_unit {
  std::uint64_t factor;
  const char* label;
};
constexpr std::array<printed_unit, 7> printed_units = {
    {{d, " d"}, {h, " h"}, {min, " min"}, {s, " s"}, {ms, " ms"}, {us, " us"}, {1, " ns"}}};

/// |ticks|, also of the smallest value.
std::uint64_t magnitude(std::int64_t ticks) {
  return ticks < 0 ? 0 - static_cast<std::uint64_t>(ticks) : static_cast<std::uint64_t>(ticks);
}

std::string print_two_units(std::uint64_t ns, printed_unit large, printed_unit small) {
  const std::uint64_t rounded = (ns + small.factor / 2) / small.factor;
  const std::uint64_t per_large = large.factor / small.factor;
  std::string text = std::to_string(rounded / per_large) + large.label;
  if (rounded % per_large != 0) {
    text.append(" ").append(std::to_string(rounded % per_large)).append(small.label);
  }
  return text;
}

}  // namespace

result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto ns = detail::parse_quantity(text, grammar);
  if (!ns) return ns.error();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*ns));
}

std::string print_duration(std::chrono::nanoseconds duration) {
  const std::uint64_t ns = magnitude(duration.count());
  if (ns == 0) return "0 ms";
  const std::string sign = duration.count() < 0 ? "-" : "";
  for (const auto& unit : printed_units) {
    if (ns % unit.factor == 0) return sign + std::to_string(ns / unit.factor) + unit.label;
  }
  return sign + std::to_string(ns) + " ns";
}

std::string print_rounded(std::chrono::nanoseconds duration) {
  const std::uint64_t ns = magnitude(duration.count());
  const std::string sign = duration.count() < 0 ? "-" : "";
  for (std::size_t i = 0; i + 4 < printed_units.size(); ++i) {
    if (ns >= printed_units[i].factor) {
      return sign + print_two_units(ns, printed_units[i], printed_units[i + 1]);
    }
  }
  for (const auto& unit : printed_units) {
    // 999.9 ms would print as 1e+03 ms: what rounds up to the next unit is printed in that.
    if (ns < unit.factor - unit.factor / 2000) continue;
    char text[32];
    std::snprintf(text, sizeof text, "%.3g",
                  static_cast<double>(ns) / static_cast<double>(unit.factor));
    return sign + text + unit.label;
  }
  return "0 ms";
}

}  // namespace weir
