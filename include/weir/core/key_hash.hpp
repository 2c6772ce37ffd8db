// SPDX-License-Identifier: Apache-2.0
// key_hash(key) places a key: its high bits are the key group and the slot in the state table.
// Included by codec.hpp.
//
// Invariants: equal keys have equal hashes in every process and every build of the same
//             key_hash_version; so the schema of a key must never change, not even by a new field.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "weir/core/codec.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace detail {

/// Equal values always have equal bytes; false for floating point (0.0 and -0.0) and unordered
/// containers.
template <class T>
constexpr bool is_canonical();
template <class... Parts>
constexpr bool all_canonical(type_list<Parts...>) {
  return (is_canonical<Parts>() && ...);
}
template <class T>
constexpr bool is_canonical() {
  if constexpr (std::is_floating_point_v<T>) return false;
  if constexpr (requires { requires !codec<T>::canonical; }) return false;
  return all_canonical(typename parts_of<T>::type{});
}

/// A scratch buffer of the calling thread, empty.
inline byte_vector& key_scratch() {
  static thread_local byte_vector scratch;
  scratch.clear();
  return scratch;
}

}  // namespace detail

/// A fixed hash of the key: numbers, bools and enums by their bits, zero-extended; strings by their
/// characters; any other key by its codec's bytes. Part of the format on disk (key_hash_version).
template <class K>
std::uint64_t key_hash(const K& key) {
  if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
    static_assert(sizeof(K) <= 8, "weir: an integral key has at most 8 bytes");
    std::uint64_t bits = 0;
    std::memcpy(&bits, &key, sizeof key);
    return hash_scalar(bits);
  } else if constexpr (std::is_same_v<K, std::string> || std::is_same_v<K, std::string_view>) {
    return hash_bytes(std::string_view(key));
  } else {
    static_assert(detail::require_codec<K>());
    static_assert(detail::is_canonical<K>(),
                  "weir: floating point numbers and unordered containers cannot be in a key: equal "
                  "values may have different bytes");
    if constexpr (is_flat<K>) {
      return hash_bytes(&key, sizeof key);
    } else {
      byte_vector& scratch = detail::key_scratch();
      byte_writer out(scratch);
      codec<K>::encode(key, out);
      return hash_bytes(scratch.data(), scratch.size());
    }
  }
}

}  // namespace weir
