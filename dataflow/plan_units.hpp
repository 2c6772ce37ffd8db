// SPDX-License-Identifier: Apache-2.0
// How a chain becomes units: operators that templates fused run as one loop wherever the chain
// holds all of them and nobody else reads from their middle; the rest run as one unit each.
//
// Owner:      pure functions of make_plan().
// Invariants: the units cover the chain's nodes, each once and in order. A fused unit shows only
// the ports of its last
//             node, so that no other node of it may have a consumer outside.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataflow/graph_index.hpp"
#include "dataflow/plan.hpp"

namespace weir {

/// The units of a chain, the largest fused ones that fit.
std::vector<planned_unit> make_units(const graph& logical, const graph_index& index,
                                     std::span<const std::uint32_t> chain);

/// Replaces the last unit by one that emits straight into the key exchange which is its only
/// consumer, when there is such a unit for exactly these nodes. Returns true when it did.
bool fuse_tail(const graph& logical, const graph_index& index, planned_unit& last);

}  // namespace weir
