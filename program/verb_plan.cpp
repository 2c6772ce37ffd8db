// SPDX-License-Identifier: Apache-2.0
#include "program/verb_plan.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/duration.hpp"
#include "dataflow/plan.hpp"
#include "program/environment_settings.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

using nlohmann::ordered_json;

std::string_view kind_of(const graph_node& node) {
  switch (node.kind) {
    case node_kind::source:
      return "source";
    case node_kind::sink:
      return "sink";
    case node_kind::operation:
      return "operation";
  }
  return "operation";
}

ordered_json inputs_of(const graph& logical, const graph_node& node) {
  auto all = ordered_json::array();
  for (const auto& edge : node.inputs) {
    const auto& from = logical.nodes[edge.from];
    all.push_back({{"from", from.name},
                   {"side_output", from.ports[edge.port].name},
                   {"partitioning", to_string(edge.how)}});
  }
  return all;
}

ordered_json operator_of(const graph& logical, const graph_node& node) {
  ordered_json made = {{"name", node.name},
                       {"kind", kind_of(node)},
                       {"what", node.what},
                       {"inputs", inputs_of(logical, node)},
                       {"states", ordered_json::array()}};
  if (node.kind != node_kind::operation) made["guarantee"] = node.guarantee;
  for (const auto& state : node.states) {
    made["states"].push_back(
        {{"name", state.name}, {"keyed", state.keyed}, {"schema", state.schema}});
  }
  return made;
}

std::string plan_json(const plan& physical, const std::string& job,
                      const checkpoint_settings& checkpoints) {
  const bool exact = checkpoints.mode == checkpoint_mode::exactly_once;
  ordered_json made = {{"job", job},
                       {"checkpoints",
                        {{"interval", print_duration(checkpoints.interval)},
                         {"mode", exact ? "EXACTLY_ONCE" : "AT_LEAST_ONCE"},
                         {"aligned", exact}}},
                       {"operators", ordered_json::array()},
                       {"chains", ordered_json::array()},
                       {"exchanges", ordered_json::array()}};
  for (const auto& node : physical.logical->nodes) {
    made["operators"].push_back(operator_of(*physical.logical, node));
  }
  for (const auto& chain : physical.chains) {
    made["chains"].push_back(
        {{"name", chain.name}, {"parallelism", chain.parallelism}, {"region", chain.region.value}});
  }
  for (const auto& exchange : physical.exchanges) {
    made["exchanges"].push_back({{"from", physical.chains[exchange.from_chain].name},
                                 {"to", physical.chains[exchange.to_chain].name},
                                 {"partitioning", to_string(exchange.how)}});
  }
  return made.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

result<std::string> plan_json(const environment& env) {
  const auto settings = environment_settings::from(env);
  if (!settings) return settings.error();
  const auto physical = make_plan(env.share_graph(), settings->planning);
  if (!physical) return physical.error();
  return plan_json(*physical, settings->job, settings->checkpoints);
}

CLI::App* plan_verb::add_to(CLI::App& app) {
  auto* verb =
      app.add_subcommand("plan", "Prints the graph, its chains and exchanges, and every guarantee");
  verb->add_flag("--json", json, "as JSON");
  const std::string begin = "\n  " + app.get_name() + " plan";
  verb->footer("Examples, with the program's options behind them:" + begin + begin +
               " -D parallelism.default=4" + begin + " --json");
  return verb;
}

int plan_verb::run(const environment& env) const {
  const auto refused = [&env](const error& why) {
    std::fprintf(stderr, "%s: %s\n", env.name().c_str(), why.text().c_str());
    return exit_usage;
  };
  const auto text = json ? plan_json(env) : env.plan();
  if (!text) return refused(text.error());
  std::fputs(text->c_str(), stdout);
  return exit_finished;
}

}  // namespace weir
