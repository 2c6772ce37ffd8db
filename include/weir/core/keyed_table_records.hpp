// SPDX-License-Identifier: Apache-2.0
// The part of keyed_table that serves records: search, insertion, erasure, growth. Include
// keyed_table.hpp instead.
//
// Owner:      as keyed_table.
// Invariants: as keyed_table.
#pragma once

#include "weir/core/keyed_table.hpp"

namespace weir {

template <class K, class V>
void keyed_table<K, V>::start(std::size_t capacity) {
  current_ = part(capacity, groups_);
  grow_at_ = capacity / 2;
  prepare_at_ = grow_at_ - grow_at_ / 32;
  history_.lay_out(current_.blocks());
  open_window();
}

// ---- search

template <class K, class V>
V* keyed_table<K, V>::find(std::uint64_t hash, const void* key) {
  const auto wanted = slot::want(hash, *static_cast<const K*>(key));
  if (slot* found = current_.find(hash, wanted)) return &found->value_room.get();
  for (part& old : older_) {
    if (slot* found = old.find(hash, wanted)) return &found->value_room.get();
  }
  return nullptr;
}

template <class K, class V>
void keyed_table<K, V>::probe(const std::uint64_t* hashes, const K* const* keys, std::size_t n,
                              void** values) {
  begin_block();
  if (!older_.empty()) [[unlikely]] {
    for (std::size_t i = 0; i < n; ++i) {
      current_.prefetch(hashes[i]);
      older_.back().prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < n; ++i) values[i] = keyed_table::find(hashes[i], keys[i]);
  } else if (current_.bytes() >= prefetch_from_bytes) {
    probe_current<true>(hashes, keys, n, values);
  } else {
    probe_current<false>(hashes, keys, n, values);
  }
}

template <class K, class V>
template <bool Prefetch>
void keyed_table<K, V>::probe_current(const std::uint64_t* hashes, const K* const* keys,
                                      std::size_t n, void** values) const {
  const part& in = current_;
  if constexpr (Prefetch) {
    for (std::size_t i = 0; i < std::min(n, prefetch_ahead); ++i) in.prefetch(hashes[i]);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (Prefetch) {
      if (i + prefetch_ahead < n) in.prefetch(hashes[i + prefetch_ahead]);
    }
    slot* found = in.find(hashes[i], slot::want(hashes[i], *keys[i]));
    values[i] = found != nullptr ? found->value_room.bytes : nullptr;
  }
}

template <class K, class V>
typename keyed_table<K, V>::place keyed_table<K, V>::look_up(std::uint64_t hash, const K& key) {
  const auto wanted = slot::want(hash, key);
  for (std::size_t number = parts(); number-- > 0;) {
    part& in = part_at(number);
    if (slot* found = in.find(hash, wanted))
      return {&in, number, static_cast<std::size_t>(found - &in[0])};
  }
  return {};
}

// ---- changes

template <class K, class V>
V* keyed_table<K, V>::insert(std::uint64_t hash, const void* key, V&& value) {
  WEIR_CHECK(groups_.contains(key_group_of(hash)), key_group_of(hash), groups_.first, groups_.last);
  if (size_ + current_.erased() >= grow_at_) [[unlikely]]
    grow(next_capacity());
  const auto wanted = slot::want(hash, *static_cast<const K*>(key));
  const std::size_t index = current_.place(hash, wanted, std::move(value));
  ++size_;
  ++inserted_;
  if (drain_.open && undrained(parts() - 1, index))
    current_.mark_passed(index);  // not in the image (P9)
  this->window_.dirty[part::block_of(index)] = 1;
  return &current_[index].value_room.get();
}

template <class K, class V>
bool keyed_table<K, V>::erase(std::uint64_t hash, const void* key) {
  const K& erased = *static_cast<const K*>(key);
  const place found = look_up(hash, erased);
  if (found.in == nullptr) return false;
  save_entry(found);
  if (history_.logs_erasures()) {
    byte_writer out(history_.erased().open());
    codec<K>::encode(erased, out);
    history_.count_erased(key_group_of(hash));
  }
  found.in->remove(found.index);
  --size_;
  return true;
}

template <class K, class V>
void keyed_table<K, V>::before_write(V* value) {
  if (value == nullptr) return;
  for (std::size_t number = parts(); number-- > 0;) {
    part& in = part_at(number);
    if (!in.holds(value)) continue;
    const place at{&in, number, in.index_of(value)};
    save_entry(at);
    // While there are older parts the next image is full anyway: only the current one has marks.
    if (number + 1 == parts()) this->window_.dirty[part::block_of(at.index)] = 1;
    return;
  }
  WEIR_CHECK(false, "the value is not in this table");
}

// ---- growth

/// Twice the capacity, or the same when most of the room went to erased slots. A chain of parts
/// doubles always, so that it stays short however long a drain keeps it from being moved.
template <class K, class V>
std::size_t keyed_table<K, V>::next_capacity() const {
  const std::size_t capacity = current_.capacity();
  return size_ + 1 > capacity / 4 || older_.size() >= 2 ? 2 * capacity : capacity;
}

template <class K, class V>
void keyed_table<K, V>::grow(std::size_t capacity) {
  part made = next_.base() != nullptr && next_.capacity() == capacity ? std::move(next_)
                                                                      : part(capacity, groups_);
  next_ = part();
  older_.push_back(std::move(current_));
  if (older_.size() == 1) moved_ = inserted_ = 0;
  current_ = std::move(made);
  grow_at_ = capacity / 2;
  prepare_at_ = grow_at_ - grow_at_ / 32;
  history_.lay_out(current_.blocks());
  open_window();
}

template <class K, class V>
void keyed_table<K, V>::keep_house() {
  if (older_.empty()) return touch_next_page();
  if (drain_.open) return;  // P9: both parts stay as they are
  // By the time that the current part is full, at least a quarter of its slots were inserted since
  // it was made, and all older parts together have at most as many slots as it has: four moves for
  // each insertion are enough.
  std::uint64_t budget = std::max<std::uint64_t>(move_slots_min, 4 * std::exchange(inserted_, 0));
  while (budget > 0 && !older_.empty()) {
    part& from = older_.front();
    const std::size_t end = std::min(from.slots(), moved_ + static_cast<std::size_t>(budget));
    budget -= end - moved_;
    for (; moved_ < end; ++moved_) from.move_to(current_, moved_);
    if (moved_ < from.slots()) return;
    older_.erase(older_.begin());
    moved_ = 0;
  }
}

/// A huge page takes 0.1 to 0.3 ms to be zeroed at its first touch, and the first block of
/// insertions into a new part would touch all of them: shortly before growth, one page every other
/// block is made ready instead.
template <class K, class V>
void keyed_table<K, V>::touch_next_page() {
  if (next_.base() == nullptr) {
    next_ = part(next_capacity(), groups_);
    next_blocks_ = 0;
  }
  const std::size_t page = next_blocks_++ / 2 * huge_page_bytes;
  if (next_blocks_ % 2 == 0 && page < next_.bytes()) next_.base()[page] = std::byte{0};
}

template <class K, class V>
void keyed_table<K, V>::finish_moving() {
  for (; !older_.empty(); moved_ = 0) {
    part& from = older_.front();
    for (; moved_ < from.slots(); ++moved_) from.move_to(current_, moved_);
    older_.erase(older_.begin());
  }
}

}  // namespace weir
