// SPDX-License-Identifier: Apache-2.0
// The content of one state of one checkpoint, entry by entry: the full image with the deltas on it applied, as a restore
// would, but on bytes, for whoever knows the schema only.
//
// Owner:      functions over a store that is read.
// Invariants: each live key comes once. Memory: one chunk of the image and all deltas, of which there are at most
//             max_delta_chain, each smaller than the image.
#pragma once

#include <functional>
#include <span>

#include "serialization/manifest.hpp"
#include "state/snapshot_store.hpp"
#include "weir/core/result.hpp"
#include "weir/core/schema.hpp"

namespace weir {

using stored_bytes = std::span<const std::byte>;

/// A keyed state's schema, "map<key,value>". Errors: corrupt, or incompatible when keys or values are of a type of the
/// application's own, whose bytes nobody else can tell apart.
struct entry_type {
  schema_node key;
  schema_node value;
};
result<entry_type> entry_type_of(const state_snapshot& state);

/// Calls use(key, value) for each live entry until it says false. Errors: those of snapshot_store::read; corrupt.
result<void> for_each_entry(const snapshot_store& store, const state_snapshot& state,
                            const entry_type& type,
                            const std::function<bool(stored_bytes key, stored_bytes value)>& use);

/// The same for the elements of a list state, which have the type `element`.
result<void> for_each_element(const snapshot_store& store, const state_snapshot& state,
                              const schema_node& element,
                              const std::function<bool(stored_bytes element)>& use);

}  // namespace weir
