// SPDX-License-Identifier: Apache-2.0
#include "dataflow/graph_cycles.hpp"

#include <algorithm>
#include <cstddef>

namespace weir {

namespace {

class cycle_search {
 public:
  explicit cycle_search(const graph& logical) : nodes_(logical.nodes) {}

  std::vector<graph_cycle> run() {
    for (;;) {
      settle();
      const auto first = std::find(settled_.begin(), settled_.end(), false);
      if (first == settled_.end()) return std::move(found_);
      found_.push_back(walk(static_cast<std::uint32_t>(first - settled_.begin())));
    }
  }

 private:
  /// The edge is there, and was not cut as the back edge of a cycle that was found already.
  bool counts(const graph_edge& edge, std::uint32_t to) const {
    if (edge.from >= nodes_.size()) return false;
    if (edge.from < to) return true;
    return std::none_of(found_.begin(), found_.end(),
                        [&](const graph_cycle& cycle) { return passes(cycle, edge.from, to); });
  }
  const graph_edge* unsettled_input(std::uint32_t node) const {
    for (const auto& edge : nodes_[node].inputs) {
      if (counts(edge, node) && !settled_[edge.from]) return &edge;
    }
    return nullptr;
  }
  /// Settles every node that has no cycle before it: one pass when nodes are in the order of the
  /// stream.
  void settle() {
    settled_.assign(nodes_.size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
        if (settled_[node] || unsettled_input(node) != nullptr) continue;
        settled_[node] = changed = true;
      }
    }
  }
  /// Upstream along unsettled nodes (each has an unsettled input) until one comes up again.
  graph_cycle walk(std::uint32_t node) const {
    graph_cycle path;
    auto seen = path.end();
    while ((seen = std::find(path.begin(), path.end(), node)) == path.end()) {
      path.push_back(node);
      node = unsettled_input(node)->from;
    }
    path.erase(path.begin(), seen);
    std::reverse(path.begin(), path.end());
    std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
    return path;
  }

  const std::vector<graph_node>& nodes_;
  std::vector<bool> settled_;
  std::vector<graph_cycle> found_;
};

}  // namespace

std::vector<graph_cycle> find_cycles(const graph& logical) {
  return cycle_search(logical).run();
}

bool passes(const graph_cycle& cycle, std::uint32_t from, std::uint32_t to) {
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (cycle[i] == from && cycle[(i + 1) % cycle.size()] == to) return true;
  }
  return false;
}

}  // namespace weir
