// SPDX-License-Identifier: Apache-2.0
// graph_index answers who reads what in a graph: the graph itself only knows, for each node, what
// it reads from.
//
// Owner:      a local of validate() and make_plan(); refers to nothing, so that it outlives the
// graph. Invariants: holds for any graph, also an unsound one: an edge from a node or a port that
// does not exist is no
//             consumer of any port.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataflow/plan.hpp"
#include "weir/core/graph.hpp"

namespace weir {

class graph_index {
 public:
  /// One reader of a port: graph.nodes[node].inputs[input].
  struct consumer {
    std::uint32_t node = 0;
    std::uint32_t input = 0;
  };

  explicit graph_index(const graph& logical);

  /// The readers of a port in graph order; none for a port that does not exist.
  std::span<const consumer> consumers(std::uint32_t node, std::uint32_t port) const;
  /// An edge begins at this node, be it at a port that does not exist.
  bool is_read(std::uint32_t node) const { return is_read_[node]; }
  /// A port other than the main one has a consumer.
  bool side_is_read(std::uint32_t node) const;

 private:
  std::vector<std::vector<std::vector<consumer>>> consumers_;  // by node and port
  std::vector<bool> is_read_;
};

/// A node that asks for none gets the job's, or as much of it as it can use (a socket: 1).
inline std::uint32_t parallelism_of(const graph_node& node, const plan_options& options) {
  if (node.parallelism != 0) return node.parallelism;
  return std::min(options.default_parallelism, node.parallelism_max);
}

/// "count", or "#3" for the third node when it has no name.
inline std::string name_of(const graph& logical, std::uint32_t node) {
  const std::string& name = logical.nodes[node].name;
  return name.empty() ? "#" + std::to_string(node + 1) : name;
}

}  // namespace weir
