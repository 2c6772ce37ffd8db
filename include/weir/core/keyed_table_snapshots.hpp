// SPDX-License-Identifier: Apache-2.0
// The part of keyed_table that serves snapshots: freeze, drain, restore. Include keyed_table.hpp
// instead.
//
// Owner:      as keyed_table.
// Invariants: as keyed_table.
#pragma once

#include "weir/core/keyed_table.hpp"

namespace weir {

/// Where a write needs no more than a dirty mark: everywhere, except in what an open drain has
/// still to encode.
template <class K, class V>
void keyed_table<K, V>::open_window() {
  const bool frozen = drain_.open && drain_.parts == parts();
  const std::size_t drained = drain_.part + 1 == parts() ? drain_.index * sizeof(slot) : 0;
  this->window_.base = current_.base();
  this->window_.dirty = history_.dirty();
  this->window_.fast_bytes = frozen && drain_.part < parts() ? drained : current_.bytes();
}

template <class K, class V>
void keyed_table<K, V>::own(key_group_range groups) {
  WEIR_CHECK(size_ == 0 && older_.empty() && !drain_.open, size_);
  WEIR_CHECK(groups.first <= groups.last && groups.last < key_group_count, groups.first,
             groups.last);
  groups_ = groups;
  start(current_.capacity());
}

// ---- freeze and drain

template <class K, class V>
void keyed_table<K, V>::freeze(epoch_id n) {
  WEIR_CHECK(!drain_.open, n, drain_.epoch);
  history_.freeze(n, !older_.empty());
  drain_.open = true;
  drain_.planned = false;
  drain_.epoch = n;
  drain_.parts = parts();
  drain_.part = 0;
  drain_.index = older_.empty() ? 0 : moved_;
  open_window();
}

/// Put off from freeze to the first need, because it reads a byte for each 4 KiB of slots.
template <class K, class V>
void keyed_table<K, V>::plan_drain() {
  drain_.plan = history_.plan();
  drain_.planned = true;
}

template <class K, class V>
bool keyed_table<K, V>::drain(std::size_t slots_max, std::vector<chunk>& out) {
  WEIR_CHECK(drain_.open);
  if (!drain_.planned) plan_drain();
  std::move(drain_.plan.erased.begin(), drain_.plan.erased.end(), std::back_inserter(out));
  drain_.plan.erased.clear();
  const std::uint64_t bytes_max = drain_.main.bytes() + slice_bytes_max;
  while (slots_max > 0 && drain_.part < drain_.parts && drain_.main.bytes() < bytes_max) {
    slots_max -= std::min(slots_max, drain_run(slots_max));
  }
  const bool done = drain_.part == drain_.parts;
  for (chunk_builder* written : {&drain_.saved, &drain_.main}) {
    if (done) {
      written->take_all(out);
    } else {
      written->take_finished(out);
    }
  }
  if (done) close_drain();
  open_window();
  return done;
}

/// Drains what is left of one block of slots, or passes over it when it is not in the delta.
/// Returns the effort in slots.
template <class K, class V>
std::size_t keyed_table<K, V>::drain_run(std::size_t slots_max) {
  const part& from = part_at(drain_.part);
  const std::size_t begin = drain_.index;
  if (begin >= from.slots()) {
    ++drain_.part;
    drain_.index = 0;
    return 0;
  }
  const std::size_t block = part::block_of(begin);
  const std::size_t next = std::min(part::first_of_block(block + 1), from.slots());
  if (!drain_.plan.image.full && drain_.plan.dirty.octets()[block] == 0) {
    drain_.index = next;
    return 1;
  }
  drain_.index = drain_entries(from, begin, begin + std::min(next - begin, slots_max));
  return drain_.index - begin;
}

/// Encodes the entries of slots [begin, end), or of some of them when they are large. Returns where
/// it stopped.
template <class K, class V>
std::size_t keyed_table<K, V>::drain_entries(const part& from, std::size_t begin, std::size_t end) {
  const std::uint8_t* passed = from.passed();
  if constexpr (flat_entries) {
    const std::size_t ordinary_end = std::min(end, from.capacity());
    if (begin < ordinary_end && passed == nullptr) drain_flat<false>(from, begin, ordinary_end);
    if (begin < ordinary_end && passed != nullptr) drain_flat<true>(from, begin, ordinary_end);
    begin = std::max(begin, ordinary_end);
  }
  const std::uint64_t bytes_max = drain_.main.bytes() + slice_bytes_max;
  for (; begin < end && drain_.main.bytes() < bytes_max; ++begin) {
    if (!from.used(begin)) continue;
    if (passed != nullptr && (passed[begin / 8] >> (begin % 8) & 1) != 0) continue;
    encode_entry(from, begin, drain_.main);
  }
  return begin;
}

/// Entries whose codec bytes are their bytes in memory, without a branch on whether a slot is used:
/// that would be mispredicted on every other slot.
template <class K, class V>
template <bool SomePassed>
void keyed_table<K, V>::drain_flat(const part& from, std::size_t begin, std::size_t end) {
  constexpr std::size_t entry_bytes = sizeof(K) + sizeof(V);
  byte_vector& out = drain_.main.open();
  const std::size_t size_before = out.size();
  out.resize(size_before + (end - begin) * entry_bytes);
  std::byte* const first = out.data() + size_before;
  std::byte* to = first;
  const std::uint8_t* passed = from.passed();
  key_group_range groups{key_group_count, 0};
  for (std::size_t at = begin; at < end; ++at) {
    bool take = from.used(at);
    if constexpr (SomePassed) take = take && (passed[at / 8] >> (at % 8) & 1) == 0;
    const K key = slot::key_of(from[at].tag);
    std::memcpy(to, &key, sizeof key);
    std::memcpy(to + sizeof key, from[at].value_room.bytes, sizeof(V));
    to += take ? entry_bytes : 0;
    const std::uint32_t group = key_group_of(key_hash(key));
    groups.first = std::min(groups.first, take ? group : key_group_count);
    groups.last = std::max(groups.last, take ? group : 0);
  }
  const auto bytes = static_cast<std::size_t>(to - first);
  out.resize(size_before + bytes);
  drain_.main.count(static_cast<std::uint32_t>(bytes / entry_bytes), groups);
}

template <class K, class V>
void keyed_table<K, V>::encode_entry(const part& from, std::size_t index, chunk_builder& to) {
  byte_writer out(to.open());
  if constexpr (flat_entries) {
    std::byte entry[sizeof(K) + sizeof(V)];
    const K key = from.key(index);
    std::memcpy(entry, &key, sizeof key);
    std::memcpy(entry + sizeof key, from[index].value_room.bytes, sizeof(V));
    out.raw(entry, sizeof entry);
  } else {
    codec<K>::encode(from.key(index), out);
    codec<V>::encode(from[index].value_room.get(), out);
  }
  to.count(key_group_of(from.hash(index)));
}

/// P9: an entry of the image that the drain has not reached is encoded before it changes, once.
template <class K, class V>
void keyed_table<K, V>::save_entry(const place& at) {
  if (!drain_.open || !undrained(at.number, at.index)) return;
  if (!drain_.planned) plan_drain();
  if (!drain_.plan.image.full && drain_.plan.dirty.octets()[part::block_of(at.index)] == 0) return;
  if (at.in->mark_passed(at.index)) encode_entry(*at.in, at.index, drain_.saved);
}

template <class K, class V>
bool keyed_table<K, V>::undrained(std::size_t number, std::size_t index) const {
  if (number >= drain_.parts) return false;  // made after the freeze
  return number > drain_.part || (number == drain_.part && index >= drain_.index);
}

template <class K, class V>
void keyed_table<K, V>::close_drain() {
  drain_.plan.image = image();
  drain_.open = false;
  drain_.plan.dirty = zeroed_memory();
  drain_.plan.erased.clear();
  drain_.main.clear();
  drain_.saved.clear();
  history_.prepare_freeze();
  for (std::size_t number = 0; number < parts(); ++number) part_at(number).clear_passed();
  open_window();
}

template <class K, class V>
image_info keyed_table<K, V>::image() const {
  image_info seen = drain_.plan.image;
  if (drain_.open) seen.entries = drain_.main.entries() + drain_.saved.entries();
  return seen;
}

template <class K, class V>
void keyed_table<K, V>::complete(epoch_id n) {
  WEIR_CHECK(!drain_.open || n != drain_.epoch, n);
  if (drain_.open && !drain_.planned)
    plan_drain();  // the open drain keeps the base that it began with
  history_.complete(n);
}

template <class K, class V>
void keyed_table<K, V>::abort(epoch_id n) {
  if (drain_.open && drain_.epoch == n) close_drain();
  history_.abort(n);
}

// ---- restore

template <class K, class V>
void keyed_table<K, V>::reserve(std::uint64_t entries) {
  WEIR_CHECK(!drain_.open);
  constexpr std::uint64_t entries_max = std::uint64_t{1}
                                        << 40;  // more than any memory: fails as bad_alloc
  const std::size_t capacity = std::bit_ceil(2 * std::min(std::max(entries, size_), entries_max));
  if (capacity <= current_.capacity()) return;
  if (size_ == 0 && older_.empty()) {
    start(capacity);
  } else {
    grow(capacity);
  }
}

template <class K, class V>
result<void> keyed_table<K, V>::load(const chunk& from, key_group_range mine) {
  WEIR_CHECK(!drain_.open);
  if (from.kind != chunk_kind::entries && from.kind != chunk_kind::erased) {
    return error{error_code::corrupt, "a chunk of kind " +
                                          std::to_string(static_cast<unsigned>(from.kind)) +
                                          " in a keyed state, expected entries or erased keys"};
  }
  if (size_ == 0 && older_.empty() && !(mine == groups_)) own(mine);
  WEIR_CHECK(groups_.contains(mine.first) && groups_.contains(mine.last), mine.first, mine.last);
  begin_block();
  byte_reader in(from.bytes);
  for (std::uint32_t i = 0; i < from.entries; ++i) {
    if (!load_entry(in, from, mine)) {
      return error{error_code::corrupt,
                   "entry " + std::to_string(i) + " of " + std::to_string(from.entries) +
                       " in a chunk of keyed state is malformed or of another key group"};
    }
  }
  if (in.at_end()) return {};
  return error{error_code::corrupt, std::to_string(in.remaining()) + " bytes after the last of " +
                                        std::to_string(from.entries) +
                                        " entries in a chunk of keyed state"};
}

template <class K, class V>
result<void> keyed_table<K, V>::expect_values_of(std::string_view written_schema) {
  evolving_.emplace(written_schema);
  const compatibility& found = evolving_->outcome();
  if (found.change != schema_change::incompatible) return {};
  return error{error_code::incompatible, found.message};
}

template <class K, class V>
bool keyed_table<K, V>::load_value(byte_reader& in, V& value) const {
  if (evolving_) return evolving_->decode(in, value);
  return codec<V>::decode(in, value);
}

/// False: malformed.
template <class K, class V>
bool keyed_table<K, V>::load_entry(byte_reader& in, const chunk& from, key_group_range mine) {
  K key{};
  if (in.at_end() || !codec<K>::decode(in, key) || in.failed()) return false;
  const std::uint64_t hash = key_hash(key);
  const std::uint32_t group = key_group_of(hash);
  if (!from.groups.contains(group)) return false;
  if (from.kind == chunk_kind::erased) {
    if (mine.contains(group)) erase(hash, &key);
    return true;
  }
  V value{};
  if (!load_value(in, value) || in.failed()) return false;
  if (!mine.contains(group)) return true;
  if (V* present = find(hash, &key)) {
    this->touch(present);
    *present = std::move(value);
  } else {
    insert(hash, &key, std::move(value));
  }
  return true;
}

template <class K, class V>
void keyed_table<K, V>::restored(epoch_id n, std::uint32_t chain) {
  WEIR_CHECK(!drain_.open);
  finish_moving();
  history_.restored(n, chain, false);
  open_window();
}

template <class K, class V>
std::size_t keyed_table<K, V>::memory_bytes() const {
  std::size_t bytes = next_.memory_bytes() + history_.memory_bytes();
  bytes += static_cast<std::size_t>(drain_.main.bytes() + drain_.saved.bytes());
  for (std::size_t number = 0; number < parts(); ++number) bytes += part_at(number).memory_bytes();
  return bytes;
}

}  // namespace weir
