// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a graph: all of it, each line with the operator's name.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dataflow/graph_cycles.hpp"
#include "dataflow/graph_index.hpp"
#include "dataflow/plan.hpp"

namespace weir {

namespace {

/// Most subtasks of an operator: 32 key groups for each remain.
constexpr std::uint32_t parallelism_limit = 1024;

bool is_valid(std::uint32_t parallelism) {
  return parallelism >= 1 && parallelism <= parallelism_limit;
}

std::string expected_range(std::uint32_t parallelism) {
  return std::to_string(parallelism) + ", expected 1 to " + std::to_string(parallelism_limit);
}

class validator {
 public:
  validator(const graph& logical, const plan_options& options)
      : graph_(logical), options_(options), index_(logical), cycles_(find_cycles(logical)) {
    for (const auto& node : logical.nodes) ++name_uses_[node.name];
  }

  std::vector<std::string> run() {
    lines_ = graph_.errors;
    if (graph_.nodes.empty()) lines_.push_back("the graph has no operators");
    if (!is_valid(options_.default_parallelism)) {
      lines_.push_back("parallelism.default is " + expected_range(options_.default_parallelism));
    }
    for (std::uint32_t node = 0; node < graph_.nodes.size(); ++node) check_node(node);
    for (const auto& cycle : cycles_) report_cycle(cycle);
    return std::move(lines_);
  }

 private:
  void check_node(std::uint32_t at) {
    const auto& node = graph_.nodes[at];
    check_name(at);
    for (const auto& text : node.errors) report(at, text);
    check_parallelism(at);
    if (node.kind == node_kind::source && !node.inputs.empty()) report(at, "a source has no input");
    if (node.kind != node_kind::source && node.inputs.empty()) report(at, "reads from no stream");
    for (const auto& edge : node.inputs) check_input(at, edge);
    if (node.kind != node_kind::sink && !index_.is_read(at)) {
      report(at, "unconnected stream: nothing reads from it");
    }
    check_copies(at);
  }

  void check_name(std::uint32_t at) {
    const std::string& name = graph_.nodes[at].name;
    if (name.empty()) {
      report(at, "has no name");
    } else if (std::uint32_t& uses = name_uses_[name]; uses > 1) {
      report(at, std::to_string(uses) + " operators have this name");
      uses = 0;  // once is enough
    }
  }

  /// The builder of the graph has put down an error about it already.
  static bool complains_of_parallelism(const graph_node& node) {
    return std::any_of(node.errors.begin(), node.errors.end(), [](const std::string& text) {
      return text.find("parallelism") != std::string::npos;
    });
  }
  bool has_valid_parallelism(const graph_node& node) const {
    return !complains_of_parallelism(node) && is_valid(parallelism_of(node, options_));
  }

  void check_parallelism(std::uint32_t at) {
    const auto& node = graph_.nodes[at];
    const auto count = parallelism_of(node, options_);
    const bool reported = complains_of_parallelism(node) ||
                          (node.parallelism == 0 && !is_valid(options_.default_parallelism));
    if (reported) return;
    if (!is_valid(count)) {
      report(at, "parallelism is " + expected_range(count));
    } else if (count > node.parallelism_max) {
      report(at, "parallelism is " + std::to_string(count) + ", but " +
                     (node.what.empty() ? "it" : node.what) + " allows at most " +
                     std::to_string(node.parallelism_max));
    }
  }

  void check_input(std::uint32_t at, const graph_edge& edge) {
    if (edge.from >= graph_.nodes.size()) {
      report(at, "reads from operator #" + std::to_string(std::uint64_t{edge.from} + 1) +
                     ", which does not exist");
      return;
    }
    const auto& from = graph_.nodes[edge.from];
    if (edge.from >= at && !on_cycle(edge.from, at)) {
      report(at, "reads from " + quoted(edge.from) + ", which was added after it");
    }
    if (edge.port >= from.ports.size()) {
      report(at, "reads output " + std::to_string(edge.port) + " of " + quoted(edge.from) +
                     ", which has " + std::to_string(from.ports.size()));
    }
    if (edge.how == partitioning::broadcast && !edge.make_broadcast) {
      report(at, "broadcast() from " + quoted(edge.from) + ": its records cannot be copied");
    }
    if (edge.how == partitioning::forward) check_forward(at, edge.from);
  }

  void check_forward(std::uint32_t to, std::uint32_t from) {
    const auto& sender = graph_.nodes[from];
    const auto& receiver = graph_.nodes[to];
    if (!has_valid_parallelism(sender) || !has_valid_parallelism(receiver)) return;
    const auto senders = parallelism_of(sender, options_);
    const auto receivers = parallelism_of(receiver, options_);
    if (senders == receivers) return;
    report(to, "forward() needs the same parallelism on both sides, but " + quoted(from) + " has " +
                   std::to_string(senders) + " and " + quoted(to) + " has " +
                   std::to_string(receivers));
  }

  void check_copies(std::uint32_t at) {
    const auto& ports = graph_.nodes[at].ports;
    for (std::uint32_t port = 0; port < ports.size(); ++port) {
      const auto readers = index_.consumers(at, port).size();
      if (readers < 2 || ports[port].make_tee) continue;
      report(at, (port == 0 ? "its output" : "its side output '" + ports[port].name + "'") +
                     " has " + std::to_string(readers) +
                     " consumers, but its records cannot be copied");
    }
  }

  void report_cycle(const graph_cycle& cycle) {
    std::string text = "is on a cycle: ";
    for (const auto node : cycle) text += name_of(graph_, node) + " -> ";
    report(cycle.front(), text + name_of(graph_, cycle.front()));
  }

  bool on_cycle(std::uint32_t from, std::uint32_t to) const {
    return std::any_of(cycles_.begin(), cycles_.end(),
                       [&](const graph_cycle& cycle) { return passes(cycle, from, to); });
  }
  /// 'count', or #3 (map) for the third operator when it has no name.
  std::string quoted(std::uint32_t node) const {
    const auto& at = graph_.nodes[node];
    if (!at.name.empty()) return "'" + at.name + "'";
    return name_of(graph_, node) + (at.what.empty() ? "" : " (" + at.what + ")");
  }
  void report(std::uint32_t node, const std::string& text) {
    lines_.push_back("operator " + quoted(node) + ": " + text);
  }

  const graph& graph_;
  const plan_options& options_;
  const graph_index index_;
  const std::vector<graph_cycle> cycles_;
  std::map<std::string, std::uint32_t> name_uses_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> validate(const graph& logical, const plan_options& options) {
  return validator(logical, options).run();
}

}  // namespace weir
