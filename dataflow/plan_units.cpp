// SPDX-License-Identifier: Apache-2.0
#include "dataflow/plan_units.hpp"

#include <algorithm>
#include <cstddef>

namespace weir {

namespace {

/// A loop of one operator, which knows what it processes (P19).
bool is_guarded(const graph& logical, std::uint32_t node) {
  return logical.nodes[node].poison.has_value();
}

/// The run may be one unit. Within a chain the main output of an inner node goes to the next one
/// only; what remains to be asked is whether a side output leaves from the middle.
bool can_fuse(const graph& logical, const graph_index& index, std::span<const std::uint32_t> run) {
  return std::none_of(run.begin(), run.end(),
                      [&](std::uint32_t node) { return is_guarded(logical, node); }) &&
         std::none_of(run.begin(), run.end() - 1,
                      [&](std::uint32_t node) { return index.side_is_read(node); });
}

}  // namespace

std::vector<planned_unit> make_units(const graph& logical, const graph_index& index,
                                     std::span<const std::uint32_t> chain) {
  // Backwards: of the fused units that the API makes, the one that ends last contains the others of
  // its group.
  std::vector<planned_unit> units;
  for (std::size_t end = chain.size(); end > 0;) {
    const auto& node = logical.nodes[chain[end - 1]];
    const std::size_t covers = node.fused ? node.fused->covers : 0;
    const bool fits = covers > 0 && covers <= end &&
                      can_fuse(logical, index, chain.subspan(end - covers, covers));
    const auto run = fits ? chain.subspan(end - covers, covers) : chain.subspan(end - 1, 1);
    units.push_back({{run.begin(), run.end()}, fits ? node.fused->make : node.make});
    end -= run.size();
  }
  std::reverse(units.begin(), units.end());
  return units;
}

bool fuse_tail(const graph& logical, const graph_index& index, planned_unit& last) {
  const auto readers = index.consumers(last.nodes.back(), 0);
  if (readers.size() != 1) return false;
  const auto& edge = logical.nodes[readers.front().node].inputs[readers.front().input];
  if (edge.how != partitioning::key || !edge.fused_tail) return false;
  if (edge.fused_tail->covers != last.nodes.size()) return false;
  if (is_guarded(logical, last.nodes.back())) return false;
  last.make = edge.fused_tail->make;
  return true;
}

}  // namespace weir
