// SPDX-License-Identifier: Apache-2.0
#include "dataflow/plan.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "dataflow/graph_index.hpp"
#include "dataflow/plan_fingerprint.hpp"
#include "dataflow/plan_units.hpp"
#include "weir/core/check.hpp"

namespace weir {

namespace {

constexpr std::string_view chain_link = " -> ";

/// Turns a sound graph into its plan.
class planner {
 public:
  planner(std::shared_ptr<const graph> logical, const plan_options& options)
      : graph_(*logical), options_(options), index_(graph_) {
    plan_.logical = std::move(logical);
  }

  plan run() {
    form_chains();
    for (std::uint32_t node = 0; node < graph_.nodes.size(); ++node) add_exchanges_into(node);
    for (std::uint32_t chain = 0; chain < nodes_of_.size(); ++chain) add_units(chain);
    number_tasks();
    number_regions();
    plan_.fingerprint = fingerprint_of(graph_);
    return std::move(plan_);
  }

 private:
  std::uint32_t parallelism(std::uint32_t node) const {
    return parallelism_of(graph_.nodes[node], options_);
  }

  /// The node runs in the chain of the node that it reads from.
  bool joins_input(std::uint32_t at) const {
    const auto& node = graph_.nodes[at];
    if (!options_.chaining || !node.chain_with_input || node.inputs.size() != 1) return false;
    const auto& edge = node.inputs.front();
    if (edge.how != partitioning::automatic && edge.how != partitioning::forward) return false;
    return edge.port == 0 && index_.consumers(edge.from, 0).size() == 1 &&
           graph_.nodes[edge.from].chain_with_output && parallelism(edge.from) == parallelism(at);
  }

  void form_chains() {
    for (std::uint32_t at = 0; at < graph_.nodes.size(); ++at) {
      const auto& node = graph_.nodes[at];
      if (joins_input(at)) {
        chain_of_.push_back(chain_of_[node.inputs.front().from]);
        nodes_of_[chain_of_.back()].push_back(at);
        auto& joined = plan_.chains[chain_of_.back()];
        joined.name.append(chain_link).append(node.name);
        joined.has_sink = node.kind == node_kind::sink;
        continue;
      }
      chain_of_.push_back(static_cast<std::uint32_t>(nodes_of_.size()));
      nodes_of_.push_back({at});
      planned_chain& made = plan_.chains.emplace_back();
      made.name = node.name;
      made.parallelism = parallelism(at);
      made.has_source = node.kind == node_kind::source;
      made.has_sink = node.kind == node_kind::sink;
    }
  }

  partitioning resolved(partitioning how, std::uint32_t from, std::uint32_t to) const {
    if (how != partitioning::automatic) return how;
    return parallelism(from) == parallelism(to) ? partitioning::forward : partitioning::rebalance;
  }
  static const exchange_factory& factory_of(const graph_edge& edge, partitioning how) {
    if (how == partitioning::key) return edge.make_key;
    return how == partitioning::broadcast ? edge.make_broadcast : edge.make_forward;
  }

  void add_exchanges_into(std::uint32_t to) {
    if (joins_input(to)) return;
    for (const auto& edge : graph_.nodes[to].inputs) {
      planned_exchange made;
      made.from_chain = chain_of_[edge.from];
      made.to_chain = chain_of_[to];
      made.from_node = edge.from;
      made.from_port = edge.port;
      made.to_node = to;
      made.how = resolved(edge.how, edge.from, to);
      made.make = factory_of(edge, made.how);
      const auto number = static_cast<std::uint32_t>(plan_.exchanges.size());
      plan_.chains[made.from_chain].outputs.push_back(number);
      plan_.chains[made.to_chain].inputs.push_back(number);
      plan_.exchanges.push_back(std::move(made));
    }
  }

  void add_units(std::uint32_t chain) {
    auto& made = plan_.chains[chain];
    made.units = make_units(graph_, index_, nodes_of_[chain]);
    if (!fuse_tail(graph_, index_, made.units.back())) return;
    for (const auto number : made.outputs) {
      auto& exchange = plan_.exchanges[number];
      exchange.fused = exchange.from_node == nodes_of_[chain].back() && exchange.from_port == 0;
    }
  }

  void number_tasks() {
    for (std::uint32_t chain = 0; chain < plan_.chains.size(); ++chain) {
      auto& made = plan_.chains[chain];
      made.first_task.value = static_cast<std::uint32_t>(plan_.tasks.size());
      for (std::uint32_t subtask = 0; subtask < made.parallelism; ++subtask) {
        plan_.tasks.push_back({{made.first_task.value + subtask}, chain, subtask});
      }
    }
  }

  /// P15: a region is what exchanges connect, whatever their direction.
  void number_regions() {
    std::vector<std::uint32_t> root(plan_.chains.size());
    for (std::uint32_t chain = 0; chain < root.size(); ++chain) root[chain] = chain;
    const auto find = [&root](std::uint32_t chain) {
      while (root[chain] != chain) chain = root[chain] = root[root[chain]];
      return chain;
    };
    for (const auto& exchange : plan_.exchanges) {
      const auto [first, second] =
          std::minmax({find(exchange.from_chain), find(exchange.to_chain)});
      root[second] = first;
    }
    for (std::uint32_t chain = 0; chain < root.size(); ++chain) {
      const auto top = find(chain);  // the smallest chain of the region: numbered before the others
      plan_.chains[chain].region.value =
          top == chain ? plan_.region_count++ : plan_.chains[top].region.value;
    }
  }

  const graph& graph_;
  const plan_options& options_;
  const graph_index index_;
  std::vector<std::uint32_t> chain_of_;               // by node
  std::vector<std::vector<std::uint32_t>> nodes_of_;  // by chain, in order
  plan plan_;
};

/// An operator's name names its chain as well: "count/1" is the task in which subtask 1 of count
/// runs.
bool runs_operator(const plan& physical, const planned_chain& chain, std::string_view name) {
  for (const auto& unit : chain.units) {
    for (const auto node : unit.nodes) {
      if (physical.logical->nodes[node].name == name) return true;
    }
  }
  return false;
}

}  // namespace

result<plan> make_plan(std::shared_ptr<const graph> logical, const plan_options& options) {
  WEIR_CHECK(logical != nullptr, "a plan needs a graph");
  std::string wrong;
  for (const auto& line : validate(*logical, options)) {
    wrong.append(wrong.empty() ? "" : "\n").append(line);
  }
  if (!wrong.empty()) return error{error_code::invalid_argument, std::move(wrong)};
  return planner(std::move(logical), options).run();
}

std::string plan::task_name(task_id task) const {
  return chain_of(task).name + "/" + std::to_string(tasks[task.value].subtask);
}

std::optional<task_id> plan::find_task(std::string_view name) const {
  const auto slash = name.rfind('/');
  if (slash == name.npos) return std::nullopt;
  const auto digits = name.substr(slash + 1);
  std::uint32_t subtask = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), subtask);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;

  const auto wanted = name.substr(0, slash);
  auto found = std::find_if(chains.begin(), chains.end(),
                            [&](const planned_chain& chain) { return chain.name == wanted; });
  if (found == chains.end()) {
    found = std::find_if(chains.begin(), chains.end(), [&](const planned_chain& chain) {
      return runs_operator(*this, chain, wanted);
    });
  }
  if (found == chains.end() || subtask >= found->parallelism) return std::nullopt;
  return task_id{found->first_task.value + subtask};
}

}  // namespace weir
