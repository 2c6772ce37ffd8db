// SPDX-License-Identifier: Apache-2.0
#include "common/byte_size.hpp"

#include <iterator>
#include <limits>

#include "common/quantity.hpp"

namespace weir {
namespace {

constexpr std::uint64_t kb = 1ull << 10;
constexpr std::uint64_t mb = 1ull << 20;
constexpr std::uint64_t gb = 1ull << 30;
constexpr std::uint64_t tb = 1ull << 40;

constexpr detail::unit_label units[] = {
    {"", 1},           {"b", 1},  {"byte", 1}, {"bytes", 1},      {"k", kb}, {"kb", kb},
    {"kibibytes", kb}, {"m", mb}, {"mb", mb},  {"mebibytes", mb}, {"g", gb}, {"gb", gb},
    {"gibibytes", gb}, {"t", tb}, {"tb", tb},  {"tebibytes", tb},
};

constexpr detail::quantity_grammar grammar = {
    "size",
    "an integer and a unit of b, kb, mb, gb or tb (bytes when absent), such as \"64 mb\"",
    units,
    std::numeric_limits<std::uint64_t>::max(),
};

struct printed_unit {
  std::uint64_t factor;
  const char* label;
};
constexpr printed_unit printed_units[] = {{tb, " tb"}, {gb, " gb"}, {mb, " mb"}, {kb, " kb"}};

}  // namespace

result<std::uint64_t> parse_byte_size(std::string_view text) {
  return detail::parse_quantity(text, grammar);
}

std::string print_byte_size(std::uint64_t bytes) {
  for (const auto& unit : printed_units) {
    if (bytes != 0 && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + unit.label;
    }
  }
  return std::to_string(bytes) + " b";
}

std::string print_rounded_size(std::uint64_t bytes) {
  constexpr const char* units[] = {" b", " kb", " mb", " gb", " tb"};
  if (bytes < 1024) return std::to_string(bytes) + units[0];
  std::size_t unit = 1;
  std::uint64_t divisor = 1024;
  for (; unit + 1 < std::size(units) && bytes / divisor >= 1024; ++unit) divisor *= 1024;
  const std::uint64_t whole = bytes / divisor;
  const std::uint64_t tenths = bytes % divisor * 10 / divisor;
  return std::to_string(whole) + (whole >= 100 ? "" : "." + std::to_string(tenths)) + units[unit];
}

}  // namespace weir
