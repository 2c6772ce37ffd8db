// SPDX-License-Identifier: Apache-2.0
// value_table<V> and key_probe<K> are the two faces of a keyed_table<K, V> on the path of records:
// a state handle knows the value's type only, the loop that resolves a block of keys knows the
// key's type only.
//
// Owner:      the task of the operator; nobody else, no other thread.
// Invariants: (1) touch() comes before every change of a value in place (P9, P10);
//             (2) addresses of values stay valid until the next begin_block() of the table, or
//             until that key's erase.
// Source:     ARCHITECTURE.md section 6; performance.md section 3 (a dirty byte for each 4 KiB: 2
// to 13 %).
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

inline constexpr unsigned dirty_block_shift = 12;  // one dirty byte per 4 KiB of slots

/// What touch() needs to allow a write in place without a call: where writes need no more than a
/// dirty mark.
struct write_window {
  std::byte* base = nullptr;
  std::size_t fast_bytes = 0;
  std::uint8_t* dirty = nullptr;
};

template <class V>
class value_table {
 public:
  virtual ~value_table() = default;

  /// The value of *key, a const K*; nullptr when absent. hash is key_hash(*key), here and below.
  virtual V* find(std::uint64_t hash, const void* key) = 0;
  /// The key must be absent. May start growing; no address becomes invalid by it.
  virtual V* insert(std::uint64_t hash, const void* key, V&& value) = 0;
  /// False when absent. The address of this key's value is invalid afterwards, also in results of
  /// an earlier probe.
  virtual bool erase(std::uint64_t hash, const void* key) = 0;
  /// The slow path of touch(): also saves the old entry for an open drain that has not reached it
  /// (P9).
  virtual void before_write(V* value) = 0;

  /// Must be called before *value is changed in place.
  void touch(V* value) {
    const auto offset =
        static_cast<std::size_t>(reinterpret_cast<std::byte*>(value) - window_.base);
    if (offset < window_.fast_bytes) [[likely]] {
      window_.dirty[offset >> dirty_block_shift] = 1;
    } else {
      before_write(value);
    }
  }

 protected:
  write_window window_;
};

inline constexpr std::size_t probe_block = 256;

template <class K>
class key_probe {
 public:
  virtual ~key_probe() = default;

  /// Resolves n <= probe_block keys: values[i] is the address of the V of *keys[i], or nullptr.
  /// Calls begin_block().
  virtual void probe(const std::uint64_t* hashes, const K* const* keys, std::size_t n,
                     void** values) = 0;
};

}  // namespace weir
