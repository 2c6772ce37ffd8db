// SPDX-License-Identifier: Apache-2.0
// find_cycles names the cycles of a graph. The typed API cannot make one (a node only reads from
// nodes before it); a graph that a program fills in by hand can.
//
// Owner:      a pure function.
#pragma once

#include <cstdint>
#include <vector>

#include "weir/core/graph.hpp"

namespace weir {

/// Node indices in the direction in which records flow, beginning with the smallest.
using graph_cycle = std::vector<std::uint32_t>;

/// Enough cycles that the graph has none once each of them is broken at the edges that point back;
/// empty exactly when the graph has no cycle. Edges from nodes that do not exist are passed over.
std::vector<graph_cycle> find_cycles(const graph& logical);

/// The cycle has an edge from node `from` to node `to`.
bool passes(const graph_cycle& cycle, std::uint32_t from, std::uint32_t to);

}  // namespace weir
