// SPDX-License-Identifier: Apache-2.0
// stream_base is the untyped half of stream<T>: it adds nodes and edges to the graph. The free functions make the typed
// factories that a node or an edge keeps.
//
// Owner:      the program that builds the graph.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/graph.hpp"
#include "weir/core/state_owner.hpp"
#include "weir/detail/pipe_units.hpp"
#include "weir/detail/tee.hpp"

namespace weir::detail {

struct output_ref {
  std::uint32_t node = 0;
  std::uint32_t port = 0;
  partitioning how = partitioning::automatic;
};

/// What an edge needs to know of the type that it carries.
struct typed_edge {
  exchange_factory forward;
  exchange_factory broadcast;
  exchange_factory key;
  std::optional<fused_unit> tail;
};

template <class T>
typed_edge edge_factories() {
  typed_edge made;
  made.forward = [](exchange_port& port) { return std::make_unique<rotating_output<T>>(port); };
  if constexpr (std::is_copy_constructible_v<T>) {
    made.broadcast = [](exchange_port& port) {
      return std::make_unique<broadcast_output<T>>(port);
    };
  }
  return made;
}

/// Empty for a type without codec: such records travel within one process only.
template <class T>
std::string schema_of() {
  if constexpr (encodable<T>) {
    return codec<T>::schema();
  } else {
    return {};
  }
}

template <class T>
graph_port port_of(std::string name) {
  graph_port port{std::move(name), &type_mark<T>, schema_of<T>(), {}};
  port.make_tee = make_tee<T>();
  return port;
}

/// Builds a new operator from copies of the arguments, each time it is called.
template <class Op, class... Args>
std::function<std::unique_ptr<Op>()> operator_factory(Args... args) {
  return [args...] { return std::make_unique<Op>(args...); };
}

/// Input of a fused loop: batches of In.
template <class In>
struct batch_head {
  template <class Pipe, class Emitter, class... Args>
  std::unique_ptr<operator_unit> make(const Pipe& pipe, const Args&... args) const {
    return std::make_unique<pipe_unit<In, Pipe, Emitter>>(std::in_place, pipe, args...);
  }
};

/// Input of a fused loop: a source's reader.
template <class Source>
struct source_head {
  Source source;
  std::string uid;

  template <class Pipe, class Emitter, class... Args>
  std::unique_ptr<operator_unit> make(const Pipe& pipe, const Args&... args) const {
    using reader = typename Source::reader;
    return std::make_unique<source_pipe_unit<reader, Pipe, Emitter>>(source.make_reader(uid), pipe,
                                                                     args...);
  }
};

class stream_base {
 public:
  stream_base(std::shared_ptr<graph> of, std::uint32_t node, std::uint32_t port = 0)
      : graph_(std::move(of)), outputs_{{node, port}} {}
  stream_base(const stream_base& other, std::uint32_t port)
      : graph_(other.graph_), outputs_{{other.outputs_.front().node, port}} {}

  const std::shared_ptr<graph>& shared_graph() const { return graph_; }
  graph_node& node() const { return graph_->nodes[outputs_.front().node]; }
  graph_node& node_at(std::uint32_t index) const { return graph_->nodes[index]; }
  void set_partitioning(partitioning how) {
    for (auto& output : outputs_) output.how = how;
  }
  void add_port(graph_port port) const { node().ports.push_back(std::move(port)); }

  /// Adds a node that reads from this stream; returns its index.
  std::uint32_t add_node(std::string name, node_kind kind, std::string what,
                         const typed_edge& typed) const {
    graph_node made;
    made.name = std::move(name);
    made.kind = kind;
    made.what = std::move(what);
    for (const auto& output : outputs_) {
      graph_edge edge{output.node,     output.port, output.how, typed.forward,
                      typed.broadcast, typed.key,   {}};
      if (outputs_.size() == 1) edge.fused_tail = typed.tail;
      made.inputs.push_back(std::move(edge));
    }
    graph_->nodes.push_back(std::move(made));
    return static_cast<std::uint32_t>(graph_->nodes.size() - 1);
  }

  /// Builds the operator once to learn its states and side outputs, and to find out early that it cannot be built.
  template <class Op>
  void describe(const std::function<std::unique_ptr<Op>()>& make) const {
    try {
      const std::unique_ptr<Op> probe = make();
      for (const auto& state : probe->keyed_states()) {
        node().states.push_back({state.name, state.schema, true});
      }
      for (const auto& list : probe->list_states()) {
        node().states.push_back({list.name, list.schema, false, list.store->image().mode});
      }
      for (const auto& side : probe->side_ports()) {
        node().ports.push_back({side.name, side.type, {}, side.make_tee});
      }
      for (const auto& text : probe->declaration_errors()) node().errors.push_back(text);
    } catch (const std::exception& failure) {
      node().errors.push_back(std::string("the operator's constructor threw: ") + failure.what());
    } catch (...) {
      node().errors.push_back(
          "the operator's constructor threw something that is no std::exception");
    }
  }

 protected:
  void join(const stream_base& other) {
    if (graph_ != other.graph_) {
      node().errors.push_back("union_with: the other stream belongs to another environment");
      return;
    }
    outputs_.insert(outputs_.end(), other.outputs_.begin(), other.outputs_.end());
  }
  void set_parallelism(std::uint32_t instances) const {
    if (instances == 0 || instances > 1024) {
      node().errors.push_back("parallelism is " + std::to_string(instances) +
                              ", expected 1 to 1024");
    }
    node().parallelism = instances;
  }
  /// The operator becomes a loop of its own with this rule. False when it cannot be; the graph then has the error.
  bool set_poison(poison_rule rule) const {
    auto& at = node();
    const auto refuse = [&](std::string why) {
      at.errors.push_back("on_poison: " + std::move(why));
      return false;
    };
    if (at.kind != node_kind::operation) return refuse("only operators have a poison policy");
    if (at.poison) return refuse("the operator has a poison policy already");
    if (rule.kills == 0 || rule.kills > poison_rule::kills_max) {
      return refuse("a record may kill " + std::to_string(rule.kills) + " times, expected 1 to " +
                    std::to_string(poison_rule::kills_max));
    }
    if (!at.make_guarded) return refuse("the records that the operator reads have no weir::codec");
    at.make = [make = at.make_guarded, rule] { return make(rule); };
    at.fused.reset();
    at.poison = rule;
    return true;
  }
  void allow_chaining(bool with_input, bool with_output) const {
    node().chain_with_input = with_input;
    node().chain_with_output = with_output;
  }
  std::uint32_t find_side(const std::string& name, const void* type) const {
    const auto& ports = node().ports;
    for (std::uint32_t i = 1; i < ports.size(); ++i) {
      if (ports[i].name != name) continue;
      if (ports[i].type == type) return i;
      node().errors.push_back("side output '" + name + "' has another record type");
      return i;
    }
    node().errors.push_back("there is no side output '" + name + "'");
    return 0;
  }

 private:
  std::shared_ptr<graph> graph_;
  std::vector<output_ref> outputs_;
};

}  // namespace weir::detail
