// SPDX-License-Identifier: Apache-2.0
// graph_builder fills in a graph by hand: nodes without logic, sound or not. Units carry a mark, so
// that a test can tell which factory a plan chose.
//
// Owner:      a test case.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataflow/plan.hpp"
#include "weir/core/graph.hpp"

namespace weir {

struct marked_unit final : operator_unit {
  explicit marked_unit(std::string text) : mark(std::move(text)) {}
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  std::string mark;
};

inline unit_factory marked(std::string mark) {
  return [mark = std::move(mark)] { return std::make_unique<marked_unit>(mark); };
}

/// Marks of a chain's units in order: "count" for a node's own unit, whatever a test gave to fuse()
/// for a fused one.
inline std::vector<std::string> marks_of(const planned_chain& chain) {
  std::vector<std::string> marks;
  for (const auto& unit : chain.units) {
    const auto made = unit.make();
    marks.push_back(static_cast<const marked_unit&>(*made).mark);
  }
  return marks;
}

class graph_builder {
 public:
  /// Index of the new node.
  std::uint32_t source(const std::string& name) { return add(name, node_kind::source); }
  std::uint32_t operation(const std::string& name, std::uint32_t from,
                          partitioning how = partitioning::automatic, std::uint32_t port = 0) {
    const auto made = add(name, node_kind::operation);
    read(made, from, how, port);
    return made;
  }
  std::uint32_t sink(const std::string& name, std::uint32_t from,
                     partitioning how = partitioning::automatic, std::uint32_t port = 0) {
    const auto made = operation(name, from, how, port);
    at(made).kind = node_kind::sink;
    at(made).ports.clear();
    return made;
  }
  /// One more input.
  void read(std::uint32_t node, std::uint32_t from, partitioning how = partitioning::automatic,
            std::uint32_t port = 0) {
    graph_edge edge;
    edge.from = from;
    edge.port = port;
    edge.how = how;
    edge.make_broadcast = edge.make_forward = [](exchange_port&) { return nullptr; };
    at(node).inputs.push_back(std::move(edge));
  }
  /// One more output; gives its port.
  std::uint32_t side(std::uint32_t node, const std::string& name) {
    at(node).ports.push_back({name, nullptr, "", copies()});
    return static_cast<std::uint32_t>(at(node).ports.size() - 1);
  }
  void fuse(std::uint32_t node, std::uint32_t covers, const std::string& mark) {
    at(node).fused = fused_unit{covers, marked(mark)};
  }
  void fuse_tail(std::uint32_t reader, std::uint32_t covers, const std::string& mark) {
    at(reader).inputs.front().fused_tail = fused_unit{covers, marked(mark)};
  }

  graph_node& at(std::uint32_t node) { return made_->nodes[node]; }
  graph& whole() { return *made_; }

  std::vector<std::string> errors(plan_options options = {}) const {
    return validate(*made_, options);
  }
  result<plan> try_plan(plan_options options = {}) const { return make_plan(made_, options); }
  /// Throws when the graph is not sound.
  plan make(plan_options options = {}) const { return try_plan(options).value(); }

 private:
  static tee_factory copies() {
    return [](std::vector<batch_consumer_base*>) { return nullptr; };
  }
  std::uint32_t add(const std::string& name, node_kind kind) {
    graph_node node;
    node.name = name;
    node.kind = kind;
    node.what = "test";
    node.make = marked(name);
    node.ports.push_back({"", nullptr, "", copies()});
    made_->nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(made_->nodes.size() - 1);
  }

  std::shared_ptr<graph> made_ = std::make_shared<graph>();
};

}  // namespace weir
