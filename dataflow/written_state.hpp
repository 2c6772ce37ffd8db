// SPDX-License-Identifier: Apache-2.0
// What a checkpoint and a plan say of one state: of which kind it was written, and what the program knows of it now.
//
// Owner:      free functions over values; any thread.
#pragma once

#include <algorithm>
#include <string_view>

#include "serialization/manifest.hpp"
#include "weir/core/graph.hpp"

namespace weir {

/// Keyed, as opposed to a list, which has chunks of elements; a state without chunks counts as keyed.
inline bool is_keyed(const state_snapshot& state) {
  return std::none_of(state.chunks.begin(), state.chunks.end(),
                      [](const chunk_ref& ref) { return ref.kind == chunk_kind::elements; });
}

/// The operator's state of this name, or null.
inline const state_description* state_of(const graph_node& node, std::string_view name) {
  for (const auto& state : node.states) {
    if (state.name == name) return &state;
  }
  return nullptr;
}

}  // namespace weir
