// SPDX-License-Identifier: Apache-2.0
// table_slot<K, V> is one place of a keyed table: a tag that says empty, erased or used, the key
// and the value. There are two layouts: scalar keys are their own tag (16 bytes for a u64 and an
// i64), other keys keep their hash as tag.
//
// Owner:      a table_part; slots lie in zeroed memory and are never constructed, only their keys
// and values are. Invariants: (1) tag 0 is empty, so that zeroed memory is an empty table; tag 1 is
// erased (probing goes on);
//             (2) key and value are alive exactly when the tag is above 1.
// Source:     performance.md section 2 (open addressing, values inline, dense entries).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "weir/core/codec.hpp"

namespace weir {

template <class K>
concept scalar_key = (std::is_integral_v<K> || std::is_enum_v<K>)&&sizeof(K) <= 8;

namespace detail {

inline constexpr unsigned empty_tag = 0;
inline constexpr unsigned erased_tag = 1;

template <std::size_t Bytes>
using unsigned_of = std::conditional_t<
    Bytes == 1, std::uint8_t,
    std::conditional_t<Bytes == 2, std::uint16_t,
                       std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

/// Room for a value that is constructed and destroyed by hand.
template <class T>
struct slot_room {
  alignas(T) std::byte bytes[sizeof(T)];

  T& get() { return *std::launder(reinterpret_cast<T*>(bytes)); }
  const T& get() const { return *std::launder(reinterpret_cast<const T*>(bytes)); }
};

}  // namespace detail

/// Keys other than scalars.
template <class K, class V>
struct table_slot {
  static constexpr std::size_t reserved = 0;
  struct wanted {
    std::uint64_t tag;
    const K* key;
  };

  std::uint64_t tag;
  detail::slot_room<K> key_room;
  detail::slot_room<V> value_room;

  /// Hashes 0 and 1 share their tags with 2 and 3; only the tag, never the position, comes from
  /// this.
  static wanted want(std::uint64_t hash, const K& key) {
    return {hash > detail::erased_tag ? hash : hash + 2, &key};
  }
  static constexpr std::size_t reserved_index(const wanted&) { return 0; }
  static constexpr bool is_reserved(const wanted&) { return false; }

  bool matches(const wanted& key) const { return tag == key.tag && key_room.get() == *key.key; }
  const K& key(std::size_t) const { return key_room.get(); }
  std::uint64_t hash(std::size_t index) const { return tag > 3 ? tag : key_hash(key(index)); }
  void fill(const wanted& key, V&& value) {
    K copy(*key.key);  // may throw: nothing has changed yet
    ::new (static_cast<void*>(value_room.bytes)) V(std::move(value));
    ::new (static_cast<void*>(key_room.bytes)) K(std::move(copy));
    tag = key.tag;
  }
  /// Moves the entry of another slot here; that slot's tag is left to the caller, as by destroy().
  void take(table_slot& from) {
    ::new (static_cast<void*>(value_room.bytes)) V(std::move(from.value_room.get()));
    ::new (static_cast<void*>(key_room.bytes)) K(std::move(from.key_room.get()));
    tag = from.tag;
    from.destroy();
  }
  void destroy() {
    std::destroy_at(&key_room.get());
    std::destroy_at(&value_room.get());
  }
  static_assert(std::is_nothrow_move_constructible_v<K>,
                "weir: a key must be movable without throwing");
};

/// Scalar keys: the tag is the key with its top bit flipped, so that the two keys that look like
/// `empty` and `erased` are rare ones (the least numbers of a signed type). These two have slots of
/// their own behind the others, with tag 2.
template <scalar_key K, class V>
struct table_slot<K, V> {
  using bits = detail::unsigned_of<sizeof(K)>;
  static constexpr std::size_t reserved = 2;
  static constexpr bits flip =
      static_cast<bits>(bits{1} << (std::numeric_limits<bits>::digits - 1));
  static constexpr bits reserved_tag = 2;
  struct wanted {
    bits tag;
  };

  bits tag;
  detail::slot_room<V> value_room;

  static bits tag_of(K key) {
    bits raw{};
    std::memcpy(&raw, &key, sizeof key);
    return static_cast<bits>(raw ^ flip);
  }
  static K key_of(bits tag) {
    const bits raw = static_cast<bits>(tag ^ flip);
    K key{};
    std::memcpy(&key, &raw, sizeof key);
    return key;
  }
  static wanted want(std::uint64_t, K key) { return {tag_of(key)}; }
  static bool is_reserved(const wanted& key) { return key.tag <= detail::erased_tag; }
  static std::size_t reserved_index(const wanted& key) { return key.tag; }

  bool matches(const wanted& key) const { return tag == key.tag; }
  /// reserved_at: the number of this slot among the reserved ones; `reserved` or more for an
  /// ordinary slot.
  K key(std::size_t reserved_at) const {
    return key_of(reserved_at < reserved ? static_cast<bits>(reserved_at) : tag);
  }
  std::uint64_t hash(std::size_t reserved_at) const { return key_hash(key(reserved_at)); }
  void fill(const wanted& key, V&& value) {
    ::new (static_cast<void*>(value_room.bytes)) V(std::move(value));
    tag = is_reserved(key) ? reserved_tag : key.tag;
  }
  void take(table_slot& from) {
    ::new (static_cast<void*>(value_room.bytes)) V(std::move(from.value_room.get()));
    tag = from.tag;
    from.destroy();
  }
  void destroy() { std::destroy_at(&value_room.get()); }
};

}  // namespace weir
