// SPDX-License-Identifier: Apache-2.0
// The plan for people. The text is stable: equal plans give equal texts.
#include <string>
#include <string_view>
#include <utility>

#include "dataflow/graph_index.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/text_table.hpp"

namespace weir {

namespace {

/// "1 task", "2 tasks"
std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

std::string section(std::string title, const text_table& table) {
  return table.empty() ? std::string() : std::move(title) + "\n" + table.text();
}

/// "check", or "check.late" for the side output late.
std::string port_text(const graph& logical, std::uint32_t node, std::uint32_t port) {
  const auto& from = logical.nodes[node];
  return port == 0 ? from.name : from.name + "." + from.ports[port].name;
}

/// "from split (key), numbers"
std::string inputs_text(const graph& logical, const graph_node& node) {
  std::string text;
  for (const auto& edge : node.inputs) {
    text += (text.empty() ? "from " : ", ") + port_text(logical, edge.from, edge.port);
    if (edge.how == partitioning::automatic) continue;
    text.append(" (").append(to_string(edge.how)).append(")");
  }
  return text;
}

std::string graph_text(const graph& logical) {
  text_table table;
  for (const auto& node : logical.nodes) {
    table.add({node.name, node.what, inputs_text(logical, node)});
  }
  return section("Job graph: " + counted(logical.nodes.size(), "operator"), table);
}

std::string chains_text(const plan& physical) {
  text_table table;
  for (const auto& chain : physical.chains) {
    const auto last = chain.parallelism - 1;
    table.add({chain.name, "parallelism " + std::to_string(chain.parallelism),
               last == 0 ? "task /0" : "tasks /0 to /" + std::to_string(last),
               physical.region_count == 1 ? "" : "region " + to_string(chain.region)});
  }
  return section("Chains: " + std::to_string(physical.chains.size()) + ", with " +
                     counted(physical.tasks.size(), "task") + " in " +
                     counted(physical.region_count, "region"),
                 table);
}

/// The sending chain, and where the exchange leaves it when that is not at its end: "lines -> check
/// [check.late]".
std::string sender_text(const plan& physical, const planned_exchange& exchange) {
  const auto& chain = physical.chains[exchange.from_chain];
  const bool at_end =
      exchange.from_port == 0 && exchange.from_node == chain.units.back().nodes.back();
  if (at_end) return chain.name;
  return chain.name + " [" + port_text(*physical.logical, exchange.from_node, exchange.from_port) +
         "]";
}

std::string exchanges_text(const plan& physical) {
  text_table table;
  for (const auto& exchange : physical.exchanges) {
    const auto senders = physical.chains[exchange.from_chain].parallelism;
    const auto& to = physical.chains[exchange.to_chain];
    const std::string channels =
        exchange.how == partitioning::forward
            ? counted(senders, "channel")
            : std::to_string(senders) + " x " + counted(to.parallelism, "channel");
    table.add({sender_text(physical, exchange).append(" =").append(to_string(exchange.how)) +
                   "=> " + to.name,
               "(" + channels + (exchange.fused ? ", fused)" : ")")});
  }
  return section("Exchanges: " + std::to_string(physical.exchanges.size()), table);
}

std::string guarantees_text(const graph& logical) {
  text_table table;
  for (const auto& node : logical.nodes) {
    if (node.kind == node_kind::operation) continue;
    table.add({node.kind == node_kind::source ? "source" : "sink", node.name,
               node.guarantee.empty() ? "not stated" : node.guarantee});
  }
  return section("Guarantees at a crash", table);
}

std::string poison_text(const graph& logical) {
  text_table table;
  for (const auto& node : logical.nodes) {
    if (!node.poison) continue;
    const auto what = node.poison->what;
    table.add(
        {node.name, std::string(what == poison_rule::action::fail   ? "the job fails"
                                : what == poison_rule::action::skip ? "skipped"
                                                                    : "sent to dead letters") +
                        " after " + counted(node.poison->kills, "kill")});
  }
  return section("Poison records", table);
}

std::string states_text(const graph& logical) {
  text_table table;
  for (const auto& node : logical.nodes) {
    for (const auto& state : node.states) {
      table.add({node.name, state.name, state.keyed ? "keyed" : "list", state.schema});
    }
  }
  return section("State", table);
}

}  // namespace

std::string describe(const plan& physical) {
  const graph& logical = *physical.logical;
  std::string text;
  for (const auto& part : {graph_text(logical), chains_text(physical), exchanges_text(physical),
                           guarantees_text(logical), poison_text(logical), states_text(logical)}) {
    if (!text.empty() && !part.empty()) text += '\n';
    text += part;
  }
  return text;
}

}  // namespace weir
