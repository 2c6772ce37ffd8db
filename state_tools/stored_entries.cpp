// SPDX-License-Identifier: Apache-2.0
#include "state_tools/stored_entries.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "weir/core/schema_skip.hpp"

namespace weir {
namespace {

std::string_view text_of(stored_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes values of known types from a chunk, one after the other.
class chunk_reader {
 public:
  explicit chunk_reader(const chunk& from) : bytes_(from.bytes), in_(from.bytes) {}

  /// The bytes of the next value; nullopt: malformed.
  std::optional<stored_bytes> next(const schema_node& type) {
    const std::size_t begin = bytes_.size() - in_.remaining();
    if (in_.at_end() || !detail::skip(type, in_) || in_.failed()) return std::nullopt;
    return bytes_.subspan(begin, bytes_.size() - in_.remaining() - begin);
  }
  bool at_end() const { return in_.at_end(); }

 private:
  stored_bytes bytes_;
  byte_reader in_;
};

error malformed(const state_snapshot& state, const chunk_ref& ref) {
  return {error_code::corrupt, "blob " + std::to_string(ref.blob) + " of state '" + state.name +
                                   "' does not hold " + std::to_string(ref.entries) + " times " +
                                   state.schema};
}

/// What the deltas say of the keys that they name: a value, or that it is erased.
class delta_overlay {
 public:
  /// In apply order. Errors: corrupt.
  result<void> apply(chunk delta, const state_snapshot& state, const chunk_ref& ref,
                     const entry_type& type) {
    const chunk& kept = chunks_.emplace_back(std::move(delta));
    chunk_reader in(kept);
    for (std::uint32_t i = 0; i < kept.entries; ++i) {
      const auto key = in.next(type.key);
      std::optional<stored_bytes> value;
      if (kept.kind == chunk_kind::entries) value = in.next(type.value);
      if (!key || (kept.kind == chunk_kind::entries && !value)) return malformed(state, ref);
      changes_[text_of(*key)] = {value, false};
    }
    if (!in.at_end()) return malformed(state, ref);
    return {};
  }
  bool empty() const { return changes_.empty(); }

  struct change {
    std::optional<stored_bytes> value;  ///< none: erased
    bool used = false;                  ///< the image had the key
  };
  change* find(stored_bytes key) {
    const auto found = changes_.find(text_of(key));
    return found == changes_.end() ? nullptr : &found->second;
  }
  /// Calls use(key, value) for those that the image did not have, until it says false.
  template <class Use>
  void for_each_new(Use use) const {
    for (const auto& [key, said] : changes_) {
      if (said.used || !said.value) continue;
      if (!use(std::as_bytes(std::span(key)), *said.value)) return;
    }
  }

 private:
  std::deque<chunk> chunks_;  // what keys and values point into
  std::unordered_map<std::string_view, change> changes_;
};

/// Chunks of the full image and of the deltas, each in apply order.
struct image_parts {
  std::vector<chunk_ref> image;
  std::vector<chunk_ref> deltas;
};

result<image_parts> parts_of(const snapshot_store& store, const state_snapshot& state) {
  image_parts parts;
  for (const chunk_ref& ref : state.chunks) {
    bool in_image = state.full;
    if (!in_image) {
      const auto epoch = store.written_by(ref);
      if (!epoch) return epoch.error();
      in_image = *epoch == state.base;
    }
    (in_image ? parts.image : parts.deltas).push_back(ref);
  }
  return parts;
}

error of_own_type(const state_snapshot& state) {
  return {error_code::incompatible, "state '" + state.name + "' has the schema " + state.schema +
                                        ", with a type of the application's own"};
}

}  // namespace

result<entry_type> entry_type_of(const state_snapshot& state) {
  auto tree = parse_schema(state.schema);
  if (!tree) return tree.error();
  if (tree->name != "map" || tree->parts.size() != 2 || !detail::can_skip(*tree)) {
    return of_own_type(state);
  }
  return entry_type{std::move(tree->parts[0]), std::move(tree->parts[1])};
}

result<void> for_each_entry(const snapshot_store& store, const state_snapshot& state,
                            const entry_type& type,
                            const std::function<bool(stored_bytes, stored_bytes)>& use) {
  const auto parts = parts_of(store, state);
  if (!parts) return parts.error();
  delta_overlay overlay;
  for (const chunk_ref& ref : parts->deltas) {
    auto delta = store.read(ref);
    if (!delta) return delta.error();
    if (auto applied = overlay.apply(std::move(*delta), state, ref, type); !applied) return applied;
  }
  for (const chunk_ref& ref : parts->image) {
    if (ref.kind != chunk_kind::entries) continue;  // nothing to erase from
    const auto piece = store.read(ref);
    if (!piece) return piece.error();
    chunk_reader in(*piece);
    for (std::uint32_t i = 0; i < piece->entries; ++i) {
      const auto key = in.next(type.key);
      auto value = in.next(type.value);
      if (!key || !value) return malformed(state, ref);
      if (auto* change = overlay.empty() ? nullptr : overlay.find(*key)) {
        change->used = true;
        value = change->value;
      }
      if (value && !use(*key, *value)) return {};
    }
    if (!in.at_end()) return malformed(state, ref);
  }
  overlay.for_each_new(use);
  return {};
}

result<void> for_each_element(const snapshot_store& store, const state_snapshot& state,
                              const schema_node& element,
                              const std::function<bool(stored_bytes)>& use) {
  for (const chunk_ref& ref : state.chunks) {
    const auto piece = store.read(ref);
    if (!piece) return piece.error();
    chunk_reader in(*piece);
    for (std::uint32_t i = 0; i < piece->entries; ++i) {
      const auto one = in.next(element);
      if (!one) return malformed(state, ref);
      if (!use(*one)) return {};
    }
    if (!in.at_end()) return malformed(state, ref);
  }
  return {};
}

}  // namespace weir
