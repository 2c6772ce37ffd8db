// SPDX-License-Identifier: Apache-2.0
#include "dataflow/graph_index.hpp"

namespace weir {

graph_index::graph_index(const graph& logical)
    : consumers_(logical.nodes.size()), is_read_(logical.nodes.size(), false) {
  for (std::uint32_t node = 0; node < logical.nodes.size(); ++node) {
    consumers_[node].resize(logical.nodes[node].ports.size());
  }
  for (std::uint32_t node = 0; node < logical.nodes.size(); ++node) {
    const auto& inputs = logical.nodes[node].inputs;
    for (std::uint32_t input = 0; input < inputs.size(); ++input) {
      const auto& edge = inputs[input];
      if (edge.from >= consumers_.size()) continue;
      is_read_[edge.from] = true;
      if (edge.port < consumers_[edge.from].size()) {
        consumers_[edge.from][edge.port].push_back({node, input});
      }
    }
  }
}

std::span<const graph_index::consumer> graph_index::consumers(std::uint32_t node,
                                                              std::uint32_t port) const {
  if (port >= consumers_[node].size()) return {};
  return consumers_[node][port];
}

bool graph_index::side_is_read(std::uint32_t node) const {
  const auto& ports = consumers_[node];
  for (std::size_t port = 1; port < ports.size(); ++port) {
    if (!ports[port].empty()) return true;
  }
  return false;
}

}  // namespace weir
