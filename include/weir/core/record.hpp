// SPDX-License-Identifier: Apache-2.0
// WEIR_RECORD(type, field, ...) tells weir the name and the fields of a struct, so that codecs,
// schemas and text output know it. It adds no semantics: no base class, no operators, nothing to
// the struct itself.
//
//   struct word_count { std::string word; std::int64_t count = 0; };
//   WEIR_RECORD(word_count, word, count)
//
// Invariants: (1) the macro stands in the namespace of the type (any namespace), after the type and
//             before its first use with weir; (2) at most 32 fields, public, neither references nor
//             bit fields; (3) members that are not listed are not stored; (4) a type derived from a
//             record is not itself a record.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace weir {

/// Carries T to the function that WEIR_RECORD defines; found by argument-dependent lookup, without
/// conversions.
template <class T>
struct record_tag {};

namespace detail {
template <class... Ts>
struct type_list {
  static constexpr std::size_t size = sizeof...(Ts);
};
template <class Member>
struct member_type;
template <class Class, class Type>
struct member_type<Type Class::*> {
  using type = Type;
};
}  // namespace detail

/// Name and fields of a record; fields are in the order in which WEIR_RECORD lists them.
template <auto... Members>
struct record_shape {
  static constexpr std::size_t size = sizeof...(Members);
  static_assert(size <= 32, "weir: WEIR_RECORD takes at most 32 fields; nest records for more");
  using types = detail::type_list<typename detail::member_type<decltype(Members)>::type...>;

  std::string_view name;
  std::array<std::string_view, size> fields;

  /// Calls visit(field...) with all fields of the record.
  template <class Record, class Visit>
  static constexpr decltype(auto) apply(Record& record, Visit&& visit) {
    return visit(record.*Members...);
  }
};

/// A type declared with WEIR_RECORD.
template <class T>
concept record = requires {
  weir_record(record_tag<T>{});
};

/// The record_shape of T.
template <record T>
inline constexpr auto shape_of = weir_record(record_tag<T>{});

namespace detail {

// Only its address is used, to compare the places of fields at compile time.
template <class T>
extern const T some_object;

template <record T, class... Fields>
constexpr bool fields_fill_in_order(const Fields&... fields) {
  const void* places[] = {static_cast<const void*>(&fields)...};
  for (std::size_t i = 1; i < sizeof...(Fields); ++i) {
    if (!(places[i - 1] < places[i])) return false;
  }
  return (sizeof(Fields) + ...) == sizeof(T);
}

/// Whether the listed fields, in the listed order, are all of T's memory.
template <record T>
constexpr bool fields_are_memory() {
  if constexpr (shape_of<T>.size == 0 || !std::is_trivially_copyable_v<T>) {
    return false;
  } else {
    return shape_of<T>.apply(
        some_object<T>, [](const auto&... fields) { return fields_fill_in_order<T>(fields...); });
  }
}

}  // namespace detail
}  // namespace weir

// clang-format off
#define WEIR_DETAIL_PARENS ()
#define WEIR_DETAIL_SCAN(...) WEIR_DETAIL_SCAN4(WEIR_DETAIL_SCAN4(WEIR_DETAIL_SCAN4(WEIR_DETAIL_SCAN4(__VA_ARGS__))))
#define WEIR_DETAIL_SCAN4(...) WEIR_DETAIL_SCAN3(WEIR_DETAIL_SCAN3(WEIR_DETAIL_SCAN3(WEIR_DETAIL_SCAN3(__VA_ARGS__))))
#define WEIR_DETAIL_SCAN3(...) WEIR_DETAIL_SCAN2(WEIR_DETAIL_SCAN2(WEIR_DETAIL_SCAN2(WEIR_DETAIL_SCAN2(__VA_ARGS__))))
#define WEIR_DETAIL_SCAN2(...) __VA_ARGS__
#define WEIR_DETAIL_EACH(op, ...) __VA_OPT__(WEIR_DETAIL_SCAN(WEIR_DETAIL_STEP(op, __VA_ARGS__)))
#define WEIR_DETAIL_STEP(op, first, ...) op(first) __VA_OPT__(, WEIR_DETAIL_AGAIN WEIR_DETAIL_PARENS (op, __VA_ARGS__))
#define WEIR_DETAIL_AGAIN() WEIR_DETAIL_STEP
#define WEIR_DETAIL_MEMBER(field) &weir_self::field
#define WEIR_DETAIL_NAME(field) #field
// clang-format on

/// Declares the fields of a struct to weir; see the top of this file.
#define WEIR_RECORD(type, ...)                                                                    \
  [[maybe_unused]] constexpr auto weir_record(::weir::record_tag<type>) {                         \
    using weir_self [[maybe_unused]] = type;                                                      \
    return ::weir::record_shape<WEIR_DETAIL_EACH(WEIR_DETAIL_MEMBER __VA_OPT__(, ) __VA_ARGS__)>{ \
        #type, {WEIR_DETAIL_EACH(WEIR_DETAIL_NAME __VA_OPT__(, ) __VA_ARGS__)}};                  \
  }
