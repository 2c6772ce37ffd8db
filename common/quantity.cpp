// SPDX-License-Identifier: Apache-2.0
#include "common/quantity.hpp"

#include <algorithm>
#include <charconv>

namespace weir::detail {
namespace {

error refused(std::string_view text, const quantity_grammar& grammar, const std::string& why) {
  return {error_code::invalid_argument, std::string(grammar.what) + " \"" + std::string(text) +
                                            "\": " + why + "; expected " +
                                            std::string(grammar.expected)};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

result<std::uint64_t> parse_quantity(std::string_view text, const quantity_grammar& grammar) {
  const std::string_view body = trimmed(text);
  if (body.empty()) return refused(text, grammar, "it is empty");
  std::uint64_t count = 0;
  const auto [end, status] = std::from_chars(body.data(), body.data() + body.size(), count);
  if (status == std::errc::invalid_argument) {
    return refused(text, grammar, "it does not start with a digit");
  }
  if (status == std::errc::result_out_of_range) return refused(text, grammar, "it is too large");

  const auto unit = trimmed(body.substr(static_cast<std::size_t>(end - body.data())));
  const auto label = lower_case(unit);
  const auto found = std::find_if(grammar.units.begin(), grammar.units.end(),
                                  [&label](const unit_label& one) { return one.label == label; });
  if (found == grammar.units.end()) {
    return refused(text, grammar, "unit '" + std::string(unit) + "' is unknown");
  }
  if (count > grammar.largest / found->factor) return refused(text, grammar, "it is too large");
  return count * found->factor;
}

}  // namespace weir::detail
