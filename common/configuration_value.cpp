// SPDX-License-Identifier: Apache-2.0
#include "common/configuration_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/byte_size.hpp"
#include "common/duration.hpp"
#include "common/quantity.hpp"
#include "common/quoted.hpp"
#include "common/words.hpp"
#include "weir/core/utf8.hpp"

namespace weir::detail {
namespace {

constexpr std::size_t word_bytes_max = 256;     // of every kind but texts
constexpr std::size_t text_bytes_max = 65'536;  // 64 faults to inject are about 5,000

error refused(const configuration_key& key, std::string_view value, const std::string& why) {
  const std::string shown = key.secret ? std::string(secret_mask) : quoted(value);
  return {error_code::invalid_argument, std::string(key.name) + " = " + shown + ": " + why +
                                            "; expected " + describe_values(key)};
}

/// A value on the number line, exact for every 64-bit integer where long double has 64 bits of
/// mantissa, and exact in any case near the bounds of the table.
result<long double> magnitude(value_kind kind, std::string_view text) {
  const auto widened = [](const auto& parsed) -> result<long double> {
    if (!parsed) return parsed.error();
    return static_cast<long double>(*parsed);
  };
  switch (kind) {
    case value_kind::duration: {
      const auto parsed = parse_duration(text);
      if (!parsed) return parsed.error();
      return static_cast<long double>(parsed->count());
    }
    case value_kind::size:
      return widened(parse_byte_size(text));
    case value_kind::integer:
      return widened(parse_integer(text));
    case value_kind::number:
      return widened(parse_number(text));
    case value_kind::boolean:
    case value_kind::choice:
    case value_kind::text:
      break;
  }
  WEIR_CHECK(false, "a kind without magnitude has no bounds");
  return 0.0L;
}

/// Refuses what does not parse and what is out of bounds.
result<std::string> checked_magnitude(const configuration_key& key, std::string_view value) {
  const auto parsed = magnitude(key.kind, value);
  const bool bare = key.kind == value_kind::integer || key.kind == value_kind::number;
  if (!parsed && bare) return refused(key, value, parsed.error().message);
  if (!parsed) {
    return error{error_code::invalid_argument,
                 std::string(key.name) + ": " + parsed.error().message};
  }
  if (key.zero_is_off && *parsed == 0) return std::string(value);
  if (!key.least.empty() && *parsed < *magnitude(key.kind, key.least)) {
    return refused(key, value, "it is too small");
  }
  if (!key.most.empty() && *parsed > *magnitude(key.kind, key.most)) {
    return refused(key, value, "it is too large");
  }
  return std::string(value);
}

result<std::string> checked_choice(const configuration_key& key, std::string_view value) {
  const std::string wanted = lower_case(value);
  for (const auto choice : words(key.choices)) {
    const auto word = choice.substr(0, choice.find('='));
    for (auto rest = choice; !rest.empty();) {
      const auto end = std::min(rest.find('='), rest.size());
      if (lower_case(rest.substr(0, end)) == wanted) return std::string(word);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return refused(key, value, "it is unknown");
}

}  // namespace

result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) {
    return error{error_code::invalid_argument, "it is not a 64-bit integer"};
  }
  return value;
}

result<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return error{error_code::invalid_argument, "it is not a finite number"};
  }
  return value;
}

namespace {

result<std::string> checked_text(const configuration_key& key, std::string_view value) {
  if (value.empty()) return refused(key, value, "it is empty");
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return refused(key, value, "it has a line break or another control character");
  }
  if (!is_valid_utf8(value)) return refused(key, value, "it is not UTF-8");
  return std::string(value);
}

result<std::string> checked(const configuration_key& key, std::string_view value) {
  const std::string_view body = trimmed(value);
  switch (key.kind) {
    case value_kind::duration:
    case value_kind::size:
    case value_kind::integer:
    case value_kind::number:
      return checked_magnitude(key, body);
    case value_kind::choice:
      return checked_choice(key, body);
    case value_kind::boolean: {
      const std::string word = lower_case(body);
      if (word == "true" || word == "false") return word;
      return refused(key, value, "it is neither");
    }
    case value_kind::text:
      return checked_text(key, body);
  }
  return refused(key, value, "its kind is unknown");
}

}  // namespace

result<std::string> canonical_value(const configuration_key& key, std::string_view value) {
  const auto most = key.kind == value_kind::text ? text_bytes_max : word_bytes_max;
  if (value.size() > most) {
    return refused(key, value,
                   "it has " + std::to_string(value.size()) + " bytes, at most " +
                       std::to_string(most) + " are read");
  }
  auto made = checked(key, value);
  if (made && !key.unsupported.empty() && *made != key.fallback) {
    return refused(key, value, "it is not supported: " + std::string(key.unsupported));
  }
  return made;
}

}  // namespace weir::detail
