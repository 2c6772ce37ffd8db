// SPDX-License-Identifier: Apache-2.0
// keyed_table<K, V> is the memory backend's state of one handle in one task: a hash table whose
// image at a marker is taken without a pause. freeze() is O(1), drain() encodes the frozen content
// in slices between batches, and a change of an entry that the drain has not reached encodes the
// old entry first.
//
// A table that outgrows its part gets a new one, into which begin_block() moves the old slots step
// by step; while a drain is open nothing moves, and parts made meanwhile are not part of the image.
// There is no shrinking.
//
// Owner:      the task of the operator, one thread at a time.
// Invariants: (1) a key is in at most one part, and new keys go to the current (newest) one;
//             (2) used and erased slots of the current part, plus what older parts still hold, are
//             at most half of its
//                 slots, so that moving always finds room;
//             (3) entries move only inside begin_block(), load() and restored(): addresses are
//             stable between them; (4) P9: each entry present at freeze is encoded once, as it was;
//             P10: see change_history.
// Source:     ARCHITECTURE.md section 6; performance.md sections 2 and 3.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/change_history.hpp"
#include "weir/core/chunk_builder.hpp"
#include "weir/core/codec.hpp"
#include "weir/core/schema_evolution.hpp"
#include "weir/core/table_image.hpp"
#include "weir/core/table_part.hpp"
#include "weir/core/value_table.hpp"

namespace weir {

template <class K, class V>
class keyed_table final : public value_table<V>, public key_probe<K>, public table_image {
 public:
  explicit keyed_table(key_group_range groups = {}) : groups_(groups) { start(capacity_min); }
  keyed_table(const keyed_table&) = delete;
  keyed_table& operator=(const keyed_table&) = delete;
  ~keyed_table() override {
    for (part& old : older_) old.destroy_entries();
    current_.destroy_entries();
  }

  // -- records

  /// Addresses given out before are invalid from here on. Moves a bounded number of slots of a
  /// growing table.
  void begin_block() {
    if (!older_.empty() || growth_is_near()) [[unlikely]]
      keep_house();
  }
  void probe(const std::uint64_t* hashes, const K* const* keys, std::size_t n,
             void** values) override;
  V* find(std::uint64_t hash, const void* key) override;
  V* insert(std::uint64_t hash, const void* key, V&& value) override;
  bool erase(std::uint64_t hash, const void* key) override;
  void before_write(V* value) override;

  // -- snapshots

  void own(key_group_range groups) override;
  void freeze(epoch_id n) override;
  bool drain(std::size_t slots_max, std::vector<chunk>& out) override;
  bool draining() const override { return drain_.open; }
  image_info image() const override;
  void complete(epoch_id n) override;
  void abort(epoch_id n) override;
  result<void> expect_values_of(std::string_view written_schema) override;
  void reserve(std::uint64_t entries) override;
  result<void> load(const chunk& from, key_group_range mine) override;
  void restored(epoch_id n, std::uint32_t chain = 0) override;

  // -- queries

  std::uint64_t size() const override { return size_; }
  std::size_t memory_bytes() const override;
  /// Calls visit(const K&, const V&) for every entry, for tests and dumps.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t p = 0; p < parts(); ++p) {
      const part& in = part_at(p);
      for (std::size_t at = 0; at < in.slots(); ++at) {
        if (in.used(at)) visit(in.key(at), std::as_const(in[at].value_room.get()));
      }
    }
  }

 private:
  using part = detail::table_part<K, V>;
  using slot = typename part::slot;

  static constexpr std::size_t capacity_min = 16;
  // Slots moved per block of a growing table: a few microseconds.
  static constexpr std::size_t move_slots_min = 1024;
  // About a core's L2: in a smaller table prefetches cost up to 10 %.
  static constexpr std::size_t prefetch_from_bytes = 1024 * 1024;
  // Cache lines in flight that a core can track.
  static constexpr std::size_t prefetch_ahead = 24;
  // Bounds a slice where entries are large.
  static constexpr std::uint64_t slice_bytes_max = 4 * chunk_target_bytes;
  static constexpr bool flat_entries = is_flat<K> && is_flat<V> && scalar_key<K>;

  /// An entry's place; in == nullptr: nowhere.
  struct place {
    part* in = nullptr;
    std::size_t number = 0;  // of the part
    std::size_t index = 0;
  };
  struct open_drain {
    bool open = false;
    bool planned = false;
    epoch_id epoch;
    std::size_t parts = 0;  // that existed at freeze
    std::size_t part = 0;   // the next slot to encode: everything before is drained
    std::size_t index = 0;
    image_plan plan;
    chunk_builder main{chunk_kind::entries};
    chunk_builder saved{
        chunk_kind::entries};  // old entries that were changed before the drain reached them (P9)
  };

  std::size_t parts() const { return older_.size() + 1; }
  part& part_at(std::size_t number) { return number < older_.size() ? older_[number] : current_; }
  const part& part_at(std::size_t number) const {
    return number < older_.size() ? older_[number] : current_;
  }

  void start(std::size_t capacity);
  place look_up(std::uint64_t hash, const K& key);
  template <bool Prefetch>
  void probe_current(const std::uint64_t* hashes, const K* const* keys, std::size_t n,
                     void** values) const;

  bool growth_is_near() const {
    return current_.on_huge_pages() && size_ + current_.erased() >= prepare_at_;
  }
  void keep_house();
  void touch_next_page();
  void grow(std::size_t capacity);
  void finish_moving();
  std::size_t next_capacity() const;

  void open_window();
  void plan_drain();
  void close_drain();
  bool undrained(std::size_t number, std::size_t index) const;
  void save_entry(const place& at);
  void encode_entry(const part& from, std::size_t index, chunk_builder& to);
  std::size_t drain_run(std::size_t slots_max);
  std::size_t drain_entries(const part& from, std::size_t begin, std::size_t end);
  template <bool SomePassed>
  void drain_flat(const part& from, std::size_t begin, std::size_t end);
  bool load_value(byte_reader& in, V& value) const;
  bool load_entry(byte_reader& in, const chunk& from, key_group_range mine);

  key_group_range groups_;
  part current_;
  std::vector<part> older_;  // oldest first; slots of the first one below moved_ have been moved
  part next_;                // made shortly before growth, so that its pages are ready
  std::size_t next_blocks_ = 0;
  std::size_t moved_ = 0;
  std::uint64_t size_ = 0;     // entries in all parts
  std::uint64_t grow_at_ = 0;  // entries and erased slots
  std::uint64_t prepare_at_ = 0;
  std::uint64_t inserted_ = 0;  // since the last begin_block
  change_history history_;
  open_drain drain_;
  std::optional<evolved_decoder<V>> evolving_;  // what is loaded was written with an older schema
};

}  // namespace weir

#include "weir/core/keyed_table_records.hpp"    // IWYU pragma: export
#include "weir/core/keyed_table_snapshots.hpp"  // IWYU pragma: export
