// SPDX-License-Identifier: Apache-2.0
// codec<T> turns a value into bytes and back, and describes these bytes as text, the schema. State,
// channels between processes and journals store records by it. Built in: numbers, enums, strings,
// WEIR_RECORDs, strong ids, durations (here) and the standard containers (codec_containers.hpp). An
// application may specialise it:
//
//   template <> struct weir::codec<point> {
//     static void encode(const point& value, byte_writer& out);
//     static bool decode(byte_reader& in, point& value);  // value is default-constructed; false =
//     malformed static std::string schema();                        // "point" or "point_v2":
//     another text = other bytes
//   };
//
// Optional members: `flat` (see is_flat), `canonical` (false: equal values may have different
// bytes, so it cannot be in a key), `parts` (a detail::type_list of the types inside).
//
// Invariants: (1) decode reads what encode wrote, all of it, and never crashes on other bytes;
//             (2) an encoding has at least one byte, so that a length can be checked against what
//             remains before memory is taken; (3) equal keys have equal bytes; (4) a type cannot
//             contain itself, so nesting is bounded by the types.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "weir/core/bytes.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/record.hpp"

namespace weir {

template <class T>
struct codec;

namespace detail {

template <class T>
concept has_codec = std::is_default_constructible_v<T> &&
    requires(const T& value, T& target, byte_writer& out, byte_reader& in) {
  codec<T>::encode(value, out);
  { codec<T>::decode(in, target) } -> std::same_as<bool>;
  { codec<T>::schema() } -> std::convertible_to<std::string>;
};

template <class T>
struct parts_of {
  using type = type_list<>;
};
template <class T>
requires requires {
  typename codec<T>::parts;
}
struct parts_of<T> {
  using type = typename codec<T>::parts;
};

// A type that contains itself ends here in a compile error: its value is used in its own
// initializer.
template <class T>
inline constexpr bool is_encodable = false;
template <class... Parts>
constexpr bool all_encodable(type_list<Parts...>) {
  return (is_encodable<Parts> && ...);
}
template <has_codec T>
inline constexpr bool is_encodable<T> = all_encodable(typename parts_of<T>::type{});

template <class T>
constexpr bool require_codec();
template <class... Parts>
constexpr bool require_codecs(type_list<Parts...>) {
  return (require_codec<Parts>() && ...);
}

}  // namespace detail

/// T and everything inside it has a codec.
template <class T>
concept encodable = detail::is_encodable<T>;

/// A compile error that names the innermost type without a codec; otherwise true. For use in
/// static_assert.
template <class T>
constexpr bool detail::require_codec() {
  static_assert(std::is_default_constructible_v<T>,
                "weir: a type that is stored or sent needs a default constructor, to decode into");
  static_assert(
      detail::has_codec<T>,
      "weir: this type has no codec: declare its fields with WEIR_RECORD(type, field, ...) "
      "in its namespace, or specialise weir::codec<type>");
  if constexpr (detail::has_codec<T>) {
    return require_codecs(typename parts_of<T>::type{});
  } else {
    return false;
  }
}

/// The codec's bytes are the bytes in memory and every pattern of them is a value: arrays of T may
/// be copied as a block. Numbers, enums, ids and durations, arrays of flat types, records of flat
/// types without padding; bool is not.
template <class T>
inline constexpr bool is_flat = requires {
  requires codec<T>::flat;
};

// ---- numbers and enums: little-endian, fixed size
// ---------------------------------------------------------------

namespace detail {

template <class T>
concept scalar = (std::is_arithmetic_v<T> && sizeof(T) <= 8) || std::is_enum_v<T>;

template <class T>
struct number_of {
  using type = T;
};
template <class T>
requires std::is_enum_v<T>
struct number_of<T> : std::underlying_type<T> {
};

/// "i64", "u8", "f32", "bool"; an enum is described by its number.
template <scalar T>
constexpr std::string_view scalar_name() {
  using number = typename number_of<T>::type;
  constexpr std::string_view names[3][4] = {
      {"i8", "i16", "i32", "i64"}, {"u8", "u16", "u32", "u64"}, {"", "", "f32", "f64"}};
  constexpr std::size_t width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  if constexpr (std::is_same_v<number, bool>) return "bool";
  if constexpr (std::is_same_v<number, char>) return "char";
  return names[std::is_floating_point_v<number> ? 2 : std::is_unsigned_v<number> ? 1 : 0][width];
}

}  // namespace detail

template <detail::scalar T>
struct codec<T> {
  static constexpr bool is_bool = std::is_same_v<typename detail::number_of<T>::type, bool>;
  static constexpr bool flat = !is_bool;

  static void encode(T value, byte_writer& out) { out.scalar(value); }
  static bool decode(byte_reader& in, T& value) {
    if constexpr (is_bool) {
      const auto byte = in.scalar<std::uint8_t>();
      value = static_cast<T>(byte != 0);
      return byte <= 1 && !in.failed();
    } else {
      value = in.scalar<T>();
      return !in.failed();
    }
  }
  static std::string schema() { return std::string(detail::scalar_name<T>()); }
};

/// As its number: the schema describes bytes, not C++ types.
template <class Tag, class Rep>
struct codec<strong_id<Tag, Rep>> {
  static constexpr bool flat = is_flat<Rep>;

  static void encode(strong_id<Tag, Rep> id, byte_writer& out) {
    codec<Rep>::encode(id.value, out);
  }
  static bool decode(byte_reader& in, strong_id<Tag, Rep>& id) {
    return codec<Rep>::decode(in, id.value);
  }
  static std::string schema() { return codec<Rep>::schema(); }
};

/// As its count; the schema keeps the unit: "duration<i64,1/1000>" is milliseconds.
template <detail::scalar Rep, std::intmax_t Num, std::intmax_t Den>
struct codec<std::chrono::duration<Rep, std::ratio<Num, Den>>> {
  using duration = std::chrono::duration<Rep, std::ratio<Num, Den>>;
  static constexpr bool flat = is_flat<Rep>;
  static constexpr bool canonical = !std::is_floating_point_v<Rep>;

  static void encode(duration value, byte_writer& out) { out.scalar(value.count()); }
  static bool decode(byte_reader& in, duration& value) {
    value = duration(in.scalar<Rep>());
    return !in.failed();
  }
  static std::string schema() {
    return "duration<" + codec<Rep>::schema() + "," + std::to_string(Num) + "/" +
           std::to_string(Den) + ">";
  }
};

// ---- strings: length, then bytes
// --------------------------------------------------------------------------------

template <>
struct codec<std::string> {
  static void encode(std::string_view value, byte_writer& out) { out.text(value); }
  static bool decode(byte_reader& in, std::string& value) {
    value = in.text();
    return !in.failed();
  }
  static std::string schema() { return "string"; }
};

// ---- records: their fields, in the order of WEIR_RECORD; one zero byte if there are none
// ------------------------

namespace detail {

template <class... Parts>
constexpr bool all_flat(type_list<Parts...>) {
  return (is_flat<Parts> && ...);
}

template <class... Parts>
std::string schema_of_fields(const std::string_view* names, type_list<Parts...>) {
  std::string text;
  [[maybe_unused]] const auto add = [&](std::string_view name, const std::string& schema) {
    if (!text.empty()) text += ',';
    text.append(name).append(1, ':').append(schema);
  };
  (add(*names++, codec<Parts>::schema()), ...);
  return text;
}

}  // namespace detail

template <record T>
struct codec<T> {
  using parts = typename std::remove_cvref_t<decltype(shape_of<T>)>::types;
  static constexpr bool flat = detail::all_flat(parts{}) && detail::fields_are_memory<T>();

  static void encode(const T& value, byte_writer& out) {
    if constexpr (parts::size == 0) {
      out.scalar(std::uint8_t{0});
    } else if constexpr (flat) {
      out.raw(&value, sizeof value);
    } else {
      shape_of<T>.apply(value, [&]<class... Fields>(const Fields&... fields) {
        (codec<Fields>::encode(fields, out), ...);
      });
    }
  }
  static bool decode(byte_reader& in, T& value) {
    if constexpr (parts::size == 0) {
      return in.scalar<std::uint8_t>() == 0 && !in.failed();
    } else {
      return shape_of<T>.apply(value, [&]<class... Fields>(Fields&... fields) {
        return (codec<Fields>::decode(in, fields) && ...);
      });
    }
  }
  static std::string schema() {
    return "record " + std::string(shape_of<T>.name) + "{" +
           detail::schema_of_fields(shape_of<T>.fields.data(), parts{}) + "}";
  }
};

}  // namespace weir

#include "weir/core/codec_containers.hpp"  // IWYU pragma: export
#include "weir/core/key_hash.hpp"          // IWYU pragma: export
