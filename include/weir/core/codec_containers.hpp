// SPDX-License-Identifier: Apache-2.0
// Codecs of the standard library's containers; included by codec.hpp, after the codecs of what they
// hold. A sequence, set or map is its number of elements and the elements; an optional a byte 0 or
// 1 and the value; a variant the index of its alternative and the value; pairs and tuples are their
// parts.
//
// decode_with(in, value, part) decodes with part(part_index<I>, in, the I-th part) in place of the
// codecs of the parts: schema evolution needs it.
//
// Invariants: (1) memory taken before the elements are read is bounded by the bytes that remain;
//             (2) types with the same bytes have the same schema (map and unordered_map, pair and
//             tuple); (3) an unordered container writes its elements in no fixed order, so it is
//             not `canonical` and cannot be in a key.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "weir/core/codec.hpp"

namespace weir {
namespace detail {

template <std::size_t I>
inline constexpr std::integral_constant<std::size_t, I> part_index{};

/// Decodes each part by its own codec.
struct plain_parts {
  template <std::size_t I, class Part>
  bool operator()(std::integral_constant<std::size_t, I>, byte_reader& in, Part& part) const {
    return codec<Part>::decode(in, part);
  }
};

/// "name<part,part>"
template <class... Parts>
std::string schema_of(std::string_view name, type_list<Parts...>) {
  std::string text(name);
  text += '<';
  ((text.append(codec<Parts>::schema()) += ','), ...);
  if (text.back() == ',') text.pop_back();
  return text += '>';
}

/// A number of elements; fails when the remaining bytes cannot hold so many (each has one byte or
/// more).
inline std::size_t decode_length(byte_reader& in) {
  const std::uint64_t length = in.varint();
  if (length <= in.remaining()) return static_cast<std::size_t>(length);
  in.fail();
  return 0;
}

/// Sets (parts K) and maps (parts K and V).
template <class Container, bool Ordered>
struct set_codec {
  using key_type = typename Container::key_type;
  using parts = type_list<key_type>;
  static constexpr bool canonical = Ordered;

  static void encode(const Container& value, byte_writer& out) {
    out.varint(value.size());
    for (const key_type& element : value) codec<key_type>::encode(element, out);
  }
  template <class Part>
  static bool decode_with(byte_reader& in, Container& value, const Part& part) {
    const std::size_t length = decode_length(in);
    for (std::size_t i = 0; i < length; ++i) {
      key_type element{};
      if (!part(part_index<0>, in, element)) return false;
      value.insert(value.end(), std::move(element));
    }
    return !in.failed() && value.size() == length;
  }
  static bool decode(byte_reader& in, Container& value) {
    return decode_with(in, value, plain_parts{});
  }
  static std::string schema() { return schema_of("set", parts{}); }
};

template <class Container, bool Ordered>
struct map_codec {
  using key_type = typename Container::key_type;
  using mapped_type = typename Container::mapped_type;
  using parts = type_list<key_type, mapped_type>;
  static constexpr bool canonical = Ordered;

  static void encode(const Container& value, byte_writer& out) {
    out.varint(value.size());
    for (const auto& [key, mapped] : value) {
      codec<key_type>::encode(key, out);
      codec<mapped_type>::encode(mapped, out);
    }
  }
  template <class Part>
  static bool decode_with(byte_reader& in, Container& value, const Part& part) {
    const std::size_t length = decode_length(in);
    for (std::size_t i = 0; i < length; ++i) {
      key_type key{};
      mapped_type mapped{};
      if (!part(part_index<0>, in, key) || !part(part_index<1>, in, mapped)) return false;
      value.emplace_hint(value.end(), std::move(key), std::move(mapped));
    }
    return !in.failed() && value.size() == length;
  }
  static bool decode(byte_reader& in, Container& value) {
    return decode_with(in, value, plain_parts{});
  }
  static std::string schema() { return schema_of("map", parts{}); }
};

/// Pairs and tuples; one zero byte for the empty tuple.
template <class Tuple, class... Parts>
struct tuple_codec {
  using parts = type_list<Parts...>;

  static void encode(const Tuple& value, byte_writer& out) {
    if constexpr (sizeof...(Parts) == 0) out.scalar(std::uint8_t{0});
    std::apply([&](const Parts&... part) { (codec<Parts>::encode(part, out), ...); }, value);
  }
  template <class Part>
  static bool decode_with(byte_reader& in, Tuple& value, const Part& part) {
    if constexpr (sizeof...(Parts) == 0) return in.scalar<std::uint8_t>() == 0 && !in.failed();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (part(part_index<I>, in, std::get<I>(value)) && ...);
    }
    (std::index_sequence_for<Parts...>{});
  }
  static bool decode(byte_reader& in, Tuple& value) {
    return decode_with(in, value, plain_parts{});
  }
  static std::string schema() { return schema_of("tuple", parts{}); }
};

}  // namespace detail

/// A sequence; flat elements as one block. The schema of std::vector<std::byte> is "bytes".
template <class T, class A>
struct codec<std::vector<T, A>> {
  using parts = detail::type_list<T>;

  static void encode(const std::vector<T, A>& value, byte_writer& out) {
    out.varint(value.size());
    if constexpr (is_flat<T>) {
      out.raw(value.data(), value.size() * sizeof(T));
    } else {
      for (const T& element : value) codec<T>::encode(element, out);
    }
  }
  template <class Part>
  static bool decode_with(byte_reader& in, std::vector<T, A>& value, const Part& part) {
    const std::size_t length = detail::decode_length(in);
    value.clear();
    value.reserve(std::min(length, in.remaining() / sizeof(T) + 1));
    for (std::size_t i = 0; i < length; ++i) {
      T element{};
      if (!part(detail::part_index<0>, in, element)) return false;
      value.push_back(std::move(element));
    }
    return !in.failed();
  }
  static bool decode(byte_reader& in, std::vector<T, A>& value) {
    if constexpr (is_flat<T>) {
      const std::size_t length = detail::decode_length(in);
      const auto bytes = in.take(std::uint64_t{length} * sizeof(T));
      if (in.failed()) return false;
      value.resize(length);
      if (length != 0) std::memcpy(static_cast<void*>(value.data()), bytes.data(), bytes.size());
      return true;
    } else {
      return decode_with(in, value, detail::plain_parts{});
    }
  }
  static std::string schema() {
    return std::is_same_v<T, std::byte> ? "bytes" : detail::schema_of("list", parts{});
  }
};

template <class T, std::size_t N>
requires(N > 0) struct codec<std::array<T, N>> {
  using parts = detail::type_list<T>;
  static constexpr bool flat = is_flat<T>;

  static void encode(const std::array<T, N>& value, byte_writer& out) {
    if constexpr (is_flat<T>) {
      out.raw(value.data(), sizeof value);
    } else {
      for (const T& element : value) codec<T>::encode(element, out);
    }
  }
  template <class Part>
  static bool decode_with(byte_reader& in, std::array<T, N>& value, const Part& part) {
    for (T& element : value) {
      if (!part(detail::part_index<0>, in, element)) return false;
    }
    return true;
  }
  static bool decode(byte_reader& in, std::array<T, N>& value) {
    return decode_with(in, value, detail::plain_parts{});
  }
  static std::string schema() {
    return "array<" + codec<T>::schema() + "," + std::to_string(N) + ">";
  }
};

template <class T>
struct codec<std::optional<T>> {
  using parts = detail::type_list<T>;

  static void encode(const std::optional<T>& value, byte_writer& out) {
    out.scalar(static_cast<std::uint8_t>(value.has_value()));
    if (value) codec<T>::encode(*value, out);
  }
  template <class Part>
  static bool decode_with(byte_reader& in, std::optional<T>& value, const Part& part) {
    bool present = false;
    value.reset();
    if (!codec<bool>::decode(in, present)) return false;
    return !present || part(detail::part_index<0>, in, value.emplace());
  }
  static bool decode(byte_reader& in, std::optional<T>& value) {
    return decode_with(in, value, detail::plain_parts{});
  }
  static std::string schema() { return detail::schema_of("optional", parts{}); }
};

/// Alternatives are known by their index, one byte.
template <class... Ts>
struct codec<std::variant<Ts...>> {
  static_assert(sizeof...(Ts) <= 64, "weir: a variant of at most 64 alternatives");
  using parts = detail::type_list<Ts...>;

  static void encode(const std::variant<Ts...>& value, byte_writer& out) {
    out.scalar(static_cast<std::uint8_t>(value.index()));
    std::visit([&]<class T>(const T& held) { codec<T>::encode(held, out); }, value);
  }
  template <class Part>
  static bool decode_with(byte_reader& in, std::variant<Ts...>& value, const Part& part) {
    const std::size_t index = in.scalar<std::uint8_t>();
    if (in.failed()) return false;
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return ((index == I && part(detail::part_index<I>, in, value.template emplace<I>())) || ...);
    }
    (std::index_sequence_for<Ts...>{});
  }
  static bool decode(byte_reader& in, std::variant<Ts...>& value) {
    return decode_with(in, value, detail::plain_parts{});
  }
  static std::string schema() { return detail::schema_of("variant", parts{}); }
};

/// "unit": one zero byte.
template <>
struct codec<std::monostate> {
  static void encode(std::monostate, byte_writer& out) { out.scalar(std::uint8_t{0}); }
  static bool decode(byte_reader& in, std::monostate&) {
    return in.scalar<std::uint8_t>() == 0 && !in.failed();
  }
  static std::string schema() { return "unit"; }
};

template <class A, class B>
struct codec<std::pair<A, B>> : detail::tuple_codec<std::pair<A, B>, A, B> {};
template <class... Ts>
struct codec<std::tuple<Ts...>> : detail::tuple_codec<std::tuple<Ts...>, Ts...> {};
template <class K, class C, class A>
struct codec<std::set<K, C, A>> : detail::set_codec<std::set<K, C, A>, true> {};
template <class K, class H, class E, class A>
struct codec<std::unordered_set<K, H, E, A>>
    : detail::set_codec<std::unordered_set<K, H, E, A>, false> {};
template <class K, class V, class C, class A>
struct codec<std::map<K, V, C, A>> : detail::map_codec<std::map<K, V, C, A>, true> {};
template <class K, class V, class H, class E, class A>
struct codec<std::unordered_map<K, V, H, E, A>>
    : detail::map_codec<std::unordered_map<K, V, H, E, A>, false> {};

}  // namespace weir
