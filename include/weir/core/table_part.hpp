// SPDX-License-Identifier: Apache-2.0
// table_part is one array of slots with open addressing. A keyed table is one part, and while it
// grows a few. A slot's index is the key's hash, scaled from the table's range of hashes to the
// capacity: the order of slots is the order of hashes, and so of key groups.
//
// Owner:      one keyed_table.
// Invariants: (1) ordinary slots are a power of two; Slot::reserved ones follow; (2) at least one
// ordinary slot is empty,
//             so that every search ends (the table keeps at most half of them used or erased);
//             (3) between a key's home and its slot no slot is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "weir/core/key_group.hpp"
#include "weir/core/table_slot.hpp"
#include "weir/core/value_table.hpp"
#include "weir/core/zeroed_memory.hpp"

namespace weir::detail {

template <class K, class V>
class table_part {
 public:
  using slot = table_slot<K, V>;
  using wanted = typename slot::wanted;
  static constexpr std::size_t value_offset = offsetof(slot, value_room);
  static constexpr std::size_t absent = ~std::size_t{0};

  table_part() = default;
  /// Throws std::bad_alloc.
  table_part(std::size_t capacity, key_group_range groups)
      : memory_((capacity + slot::reserved) * sizeof(slot)),
        slots_(reinterpret_cast<slot*>(memory_.data())),
        mask_(capacity - 1),
        first_hash_(std::uint64_t{groups.first} << (64 - key_group_bits)),
        scale_((std::uint64_t{capacity} << key_group_bits) / (groups.last - groups.first + 1)) {}
  table_part(table_part&&) noexcept = default;
  table_part& operator=(table_part&&) noexcept = default;

  std::size_t capacity() const { return mask_ + 1; }
  std::size_t slots() const { return capacity() + slot::reserved; }
  slot& operator[](std::size_t index) const { return slots_[index]; }
  bool used(std::size_t index) const { return slots_[index].tag > erased_tag; }
  decltype(auto) key(std::size_t index) const { return slots_[index].key(index - capacity()); }
  std::uint64_t hash(std::size_t index) const { return slots_[index].hash(index - capacity()); }

  /// Where the search for a hash begins. A hash outside the part's range gives some slot, too.
  std::size_t home(std::uint64_t hash) const {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::size_t>((static_cast<wide>(hash - first_hash_) * scale_) >> 64) & mask_;
  }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots_ + home(hash), 1); }

  slot* find(std::uint64_t hash, const wanted& key) const {
    if (slot::is_reserved(key)) [[unlikely]] {
      slot* found = slots_ + capacity() + slot::reserved_index(key);
      return found->tag != empty_tag ? found : nullptr;
    }
    for (std::size_t at = home(hash);; at = (at + 1) & mask_) {
      if (slots_[at].matches(key)) [[likely]]
        return slots_ + at;
      if (slots_[at].tag == empty_tag) return nullptr;
    }
  }
  /// Fills a slot with a key that is absent from this part.
  std::size_t place(std::uint64_t hash, const wanted& key, V&& value) {
    const std::size_t at = free_slot(hash, key);
    const bool was_erased = slots_[at].tag == erased_tag;
    slots_[at].fill(key, std::move(value));
    if (was_erased) --erased_;
    return at;
  }
  /// Destroys an entry. Its slot becomes empty where no search can need it, and so do erased ones
  /// before it.
  void remove(std::size_t at) {
    slots_[at].destroy();
    if (at >= capacity()) {
      slots_[at].tag = empty_tag;
      return;
    }
    slots_[at].tag = erased_tag;
    ++erased_;
    if (slots_[(at + 1) & mask_].tag != empty_tag) return;
    for (; slots_[at].tag == erased_tag; at = (at - 1) & mask_) {
      slots_[at].tag = empty_tag;
      --erased_;
    }
  }
  /// Moves the entry of a slot, if it has one, to another part.
  void move_to(table_part& to, std::size_t at) {
    if (!used(at)) return;
    slot& from = slots_[at];
    const std::uint64_t hashed = hash(at);
    const std::size_t free = to.free_slot(hashed, slot::want(hashed, key(at)));
    const bool was_erased = to.slots_[free].tag == erased_tag;
    to.slots_[free].take(from);
    if (was_erased) --to.erased_;
    from.tag = at < capacity() ? erased_tag : empty_tag;
  }
  void destroy_entries() {
    if constexpr (!(std::is_trivially_destructible_v<K> && std::is_trivially_destructible_v<V>)) {
      if (slots_ == nullptr) return;
      for (std::size_t at = 0; at < slots(); ++at) {
        if (used(at)) slots_[at].destroy();
      }
    }
  }
  /// Erased slots that are still in the way of searches.
  std::size_t erased() const { return erased_; }

  // -- addresses and blocks

  std::byte* base() const { return memory_.data(); }
  std::size_t bytes() const { return memory_.size(); }
  bool on_huge_pages() const { return memory_.on_huge_pages(); }
  bool holds(const void* address) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(address) - base()) < bytes();
  }
  std::size_t index_of(const void* value) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(value) - base()) / sizeof(slot);
  }
  std::size_t blocks() const { return ((bytes() - 1) >> dirty_block_shift) + 1; }
  /// The dirty block of a slot is that of its value's address.
  static std::size_t block_of(std::size_t index) {
    return (index * sizeof(slot) + value_offset) >> dirty_block_shift;
  }
  /// The first slot that belongs to this block or a later one.
  static std::size_t first_of_block(std::size_t block) {
    const std::size_t begin = block << dirty_block_shift;
    return begin <= value_offset ? 0 : (begin - value_offset + sizeof(slot) - 1) / sizeof(slot);
  }

  // -- slots that an open drain must pass over

  /// True when the slot was not marked before.
  bool mark_passed(std::size_t index) {
    if (passed_.size() == 0) passed_ = zeroed_memory(slots() / 8 + 1);
    std::uint8_t& octet = passed_.octets()[index / 8];
    const auto bit = static_cast<std::uint8_t>(1u << (index % 8));
    const bool fresh = (octet & bit) == 0;
    octet = static_cast<std::uint8_t>(octet | bit);
    return fresh;
  }
  /// nullptr while no slot is marked.
  const std::uint8_t* passed() const { return passed_.octets(); }
  void clear_passed() { passed_ = zeroed_memory(); }
  std::size_t memory_bytes() const { return memory_.size() + passed_.size(); }

 private:
  std::size_t free_slot(std::uint64_t hash, const wanted& key) const {
    if (slot::is_reserved(key)) return capacity() + slot::reserved_index(key);
    std::size_t at = home(hash);
    while (used(at)) at = (at + 1) & mask_;
    return at;
  }

  zeroed_memory memory_;
  slot* slots_ = nullptr;
  std::size_t mask_ = 0;
  std::uint64_t first_hash_ = 0;
  std::uint64_t scale_ = 0;
  std::size_t erased_ = 0;
  zeroed_memory passed_;  // a bit for each slot, made at first need
};

}  // namespace weir::detail
