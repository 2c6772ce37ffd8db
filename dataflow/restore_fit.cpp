// SPDX-License-Identifier: Apache-2.0
#include "dataflow/restore_fit.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dataflow/written_state.hpp"
#include "weir/core/hash.hpp"
#include "weir/core/schema_evolution.hpp"

namespace weir {
namespace {

fitted_state compare_state(const state_snapshot& written, const graph_node& node) {
  fitted_state made{written.name, state_fit::own, written.schema, "", ""};
  if (node.kind == node_kind::sink || node.kind == node_kind::source) return made;
  const auto* current = state_of(node, written.name);
  if (current == nullptr) {
    made.fit = state_fit::gone;
    return made;
  }
  made.current = current->schema;
  const auto found = is_keyed(written) ? compare_keyed(written.schema, current->schema)
                                       : compare(written.schema, current->schema);
  made.message = found.message;
  made.fit = found.change == schema_change::same        ? state_fit::same
             : found.change == schema_change::evolvable ? state_fit::evolved
                                                        : state_fit::changed;
  return made;
}

class fit_builder {
 public:
  explicit fit_builder(const plan& physical) : physical_(physical) {
    for (const auto& chain : physical.chains) {
      for (const auto& unit : chain.units) {
        for (const auto node : unit.nodes) parallelism_of_[node] = chain.parallelism;
      }
    }
    for (std::uint32_t i = 0; i < physical.logical->nodes.size(); ++i) {
      fitted_operator& made = fit_.operators.emplace_back();
      made.name = physical.logical->nodes[i].name;
      made.parallelism = parallelism_of_[i];
    }
  }

  void add(const task_snapshot& task, const operator_snapshot& written) {
    fitted_operator& one = named(written.uid);
    one.written_parallelism = std::max(one.written_parallelism, task.parallelism);
    one.splits += written.splits.size();
    one.intents += written.intents.size();
    const graph_node* node = node_of(written.uid);
    for (const auto& state : written.states) {
      add(one, node != nullptr ? compare_state(state, *node)
                               : fitted_state{state.name, state_fit::gone, state.schema, "", ""});
    }
  }

  restore_fit finish(const manifest& from) {
    std::set<std::string> lines;
    if (from.key_hash_version != key_hash_version && !from.tasks.empty()) {
      lines.insert("the checkpoint's key hash has version " +
                   std::to_string(from.key_hash_version) + ", this program's has " +
                   std::to_string(key_hash_version));
    }
    for (fitted_operator& one : fit_.operators) {
      if (!one.is_missing()) add_new_states(one);
      complain(one, lines);
    }
    fit_.misfits.assign(lines.begin(), lines.end());
    return std::move(fit_);
  }

 private:
  const graph_node* node_of(const std::string& uid) const {
    for (const auto& node : physical_.logical->nodes) {
      if (node.name == uid) return &node;
    }
    return nullptr;
  }
  fitted_operator& named(const std::string& uid) {
    for (fitted_operator& known : fit_.operators) {
      if (known.name == uid) return known;
    }
    fit_.operators.emplace_back().name = uid;
    return fit_.operators.back();
  }
  /// The subtasks of an operator wrote the same states; what fits worst counts.
  static void add(fitted_operator& to, fitted_state state) {
    for (fitted_state& known : to.states) {
      if (known.name != state.name) continue;
      if (known.fit < state.fit) known = std::move(state);
      return;
    }
    to.states.push_back(std::move(state));
  }
  void add_new_states(fitted_operator& one) const {
    for (const auto& state : node_of(one.name)->states) {
      const bool known = std::any_of(one.states.begin(), one.states.end(),
                                     [&](const auto& other) { return other.name == state.name; });
      if (!known) one.states.push_back({state.name, state_fit::added, "", state.schema, ""});
    }
  }
  static void complain(const fitted_operator& one, std::set<std::string>& lines) {
    if (one.is_missing()) {
      if (!one.holds_something()) return;
      lines.insert("the checkpoint has state of operator '" + one.name +
                   "', which the program does not have");
      return;
    }
    for (const fitted_state& state : one.states) {
      if (state.fit == state_fit::gone) {
        lines.insert("operator '" + one.name + "' has no state '" + state.name +
                     "' any more, but the checkpoint does");
      } else if (state.fit == state_fit::changed) {
        lines.insert("operator '" + one.name + "', state '" + state.name + "': was " +
                     state.written + ", is now " + state.current +
                     (state.message.empty() ? "" : " (" + state.message + ")"));
      }
    }
  }

  const plan& physical_;
  std::map<std::uint32_t, std::uint32_t> parallelism_of_;
  restore_fit fit_;
};

}  // namespace

restore_fit fit_of(const manifest& from, const plan& physical) {
  fit_builder builder(physical);
  for (const auto& task : from.tasks) {
    for (const auto& written : task.operators) builder.add(task, written);
  }
  return builder.finish(from);
}

std::vector<std::string> misfits(const manifest& from, const plan& physical) {
  return fit_of(from, physical).misfits;
}

}  // namespace weir
