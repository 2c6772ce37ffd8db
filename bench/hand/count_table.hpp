// SPDX-License-Identifier: Apache-2.0
// count_table counts integer keys: open addressing with linear probing, 16 bytes a slot, at most
// half full, never grown.
//
// Owner:      one thread.
// Invariants: (1) at most the number of keys it was made for is ever put in; (2) a slot holds key +
//             1, and 0 is empty, so the key 2^64 - 1 is not allowed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bench/works.hpp"
#include "weir/core/zeroed_memory.hpp"

namespace weir::bench {

/// A table larger than this is worth prefetching: about the second-level cache of a core.
inline constexpr std::size_t cached_bytes = std::size_t{1} << 20;

class count_table {
 public:
  explicit count_table(std::uint64_t keys)
      : size_(std::bit_ceil(keys * 2)),
        shift_(64 - std::countr_zero(size_)),
        memory_(size_ * sizeof(slot)),
        slots_(reinterpret_cast<slot*>(memory_.data())) {
    std::memset(memory_.data(), 0, memory_.size());  // touches every page
  }

  /// The count of the key, 0 at first.
  std::uint64_t& operator[](std::uint64_t key) {
    for (std::size_t at = home(key);; at = (at + 1) & (size_ - 1)) {
      slot& here = slots_[at];
      if (here.key_plus_1 == key + 1) [[likely]]
        return here.count;
      if (here.key_plus_1 == 0) {
        here.key_plus_1 = key + 1;
        return here.count;
      }
    }
  }
  void prefetch(std::uint64_t key) const { __builtin_prefetch(&slots_[home(key)], 1); }
  bool outgrows_cache() const { return size_ * sizeof(slot) > cached_bytes; }

 private:
  struct slot {
    std::uint64_t key_plus_1;
    std::uint64_t count;
  };
  std::size_t home(std::uint64_t key) const { return (key * golden_ratio) >> shift_; }

  std::size_t size_;
  int shift_;
  zeroed_memory memory_;
  slot* slots_;
};

}  // namespace weir::bench
