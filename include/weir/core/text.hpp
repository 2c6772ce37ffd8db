// SPDX-License-Identifier: Apache-2.0
// append_text(out, value) writes a record as one line of text, as print_sink and file_sink show it:
//
//   strings           as they are, but a line feed as backslash and n, so that a record stays a
//   line numbers, enums    decimal, floating point as short as it reads back; bool as true or false
//   ids, durations    their number; std::chrono's unit is not shown
//   WEIR_RECORD, pair, tuple   the fields, with one space between
//   optional, variant          the value held, or nothing
//   sequences, sets, maps      the elements, with commas between; an entry of a map is key=value
//
// A type may say otherwise: `void to_line(std::string& out, const T& value)` in its namespace goes
// before all of this, also inside other types; it must not write line feeds. The text is for people
// and for tools that know the record; it is not escaped further, so only codecs can be read back.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

#include "weir/core/ids.hpp"
#include "weir/core/record.hpp"

namespace weir {

template <class T>
void append_text(std::string& out, const T& value);

namespace detail {

template <class T>
concept has_to_line = requires(std::string& out, const T& value) {
  to_line(out, value);
};
template <class T>
concept is_string = std::is_convertible_v<const T&, std::string_view>;
template <class T>
concept is_range = requires(const T& value) {
  value.begin();
  value.end();
};
template <class T>
concept is_map = is_range<T> && requires {
  typename T::mapped_type;
};
template <class T>
concept is_duration = requires(const T& value) {
  typename T::period;
  value.count();
};
template <class T>
concept is_optional = requires(const T& value) {
  value.has_value();
  *value;
};
template <class T>
concept is_tuple = requires {
  std::tuple_size<T>::value;
};
template <class T>
inline constexpr bool is_id = false;
template <class Tag, class Rep>
inline constexpr bool is_id<strong_id<Tag, Rep>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

template <class Number>
void append_number(std::string& out, Number value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

/// Appends text with its line feeds as backslash and n.
inline void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const void* found = std::memchr(text.data(), '\n', text.size());
    if (found == nullptr) break;
    const auto before = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    out.append(text.substr(0, before)).append("\\n");
    text.remove_prefix(before + 1);
  }
  out.append(text);
}

template <class T>
void append_scalar(std::string& out, T value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    append_escaped(out, {&value, 1});
  } else if constexpr (std::is_enum_v<T>) {
    append_scalar(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    append_number(out, value);
  } else if constexpr (std::is_signed_v<T>) {
    append_number(out, static_cast<std::int64_t>(value));
  } else {
    append_number(out, static_cast<std::uint64_t>(value));
  }
}

/// The fields, with one space between.
template <class... Fields>
void append_fields(std::string& out, const Fields&... fields) {
  [[maybe_unused]] bool first = true;
  [[maybe_unused]] const auto separate = [&] {
    if (!first) out += ' ';
    first = false;
  };
  ((separate(), append_text(out, fields)), ...);
}

template <class Range>
void append_elements(std::string& out, const Range& range) {
  bool first = true;
  for (const auto& element : range) {
    if (!first) out += ',';
    first = false;
    if constexpr (is_map<Range>) {
      append_text(out, element.first);
      out += '=';
      append_text(out, element.second);
    } else {
      append_text(out, static_cast<const typename Range::value_type&>(element));
    }
  }
}

}  // namespace detail

/// Appends value as one line, without the line feed at its end.
template <class T>
void append_text(std::string& out, const T& value) {
  if constexpr (detail::has_to_line<T>) {
    to_line(out, value);
  } else if constexpr (detail::is_string<T>) {
    detail::append_escaped(out, value);
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    detail::append_scalar(out, value);
  } else if constexpr (record<T>) {
    shape_of<T>.apply(value, [&](const auto&... fields) { detail::append_fields(out, fields...); });
  } else if constexpr (detail::is_id<T>) {
    append_text(out, value.value);
  } else if constexpr (detail::is_duration<T>) {
    append_text(out, value.count());
  } else if constexpr (detail::is_range<T>) {
    detail::append_elements(out, value);
  } else if constexpr (detail::is_tuple<T>) {
    std::apply([&](const auto&... fields) { detail::append_fields(out, fields...); }, value);
  } else if constexpr (detail::is_optional<T>) {
    if (value) append_text(out, *value);
  } else if constexpr (detail::is_variant<T>) {
    if (value.valueless_by_exception()) return;
    std::visit([&](const auto& held) { append_text(out, held); }, value);
  } else {
    static_assert(
        std::is_same_v<T, std::monostate>,
        "weir: this type has no text form: declare its fields with WEIR_RECORD(type, "
        "field, ...), or define void to_line(std::string&, const type&) in its namespace");
  }
}

}  // namespace weir
