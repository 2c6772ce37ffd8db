// SPDX-License-Identifier: Apache-2.0
// chunk is a piece of one state's image: what a draining task sends to the snapshot store, and what comes back at a
// restore. About 64 KiB; a single entry larger than that makes a larger chunk of its own.
//
// Owner:      a value; moved from the task to the store.
// Invariants: every entry's key group lies in `groups`; `entries` counts them.
#pragma once

#include <cstdint>

#include "weir/core/bytes.hpp"
#include "weir/core/key_group.hpp"

namespace weir {

inline constexpr std::size_t chunk_target_bytes = 64 * 1024;

/// Stored in manifests: values are never reused or reordered.
enum class chunk_kind : std::uint8_t {
  entries = 0,  ///< keyed state: codec<K> then codec<V>, repeated
  erased =
      1,  ///< keyed state, deltas only: codec<K> of keys that were removed; applied before the delta's entries
  elements = 2,  ///< operator list state: codec<T>, repeated
};

struct chunk {
  chunk_kind kind = chunk_kind::entries;
  key_group_range groups;
  std::uint32_t entries = 0;
  byte_vector bytes;
};

}  // namespace weir
