// SPDX-License-Identifier: Apache-2.0
#include "dataflow/task_restore.hpp"

#include <algorithm>

#include "dataflow/written_state.hpp"

namespace weir {
namespace {

const graph_node* node_of(const plan& physical, const std::string& uid) {
  for (const auto& node : physical.logical->nodes) {
    if (node.name == uid) return &node;
  }
  return nullptr;
}

/// The nodes of one chain, as a set of operator names.
std::vector<std::string> operators_of(const plan& physical, const planned_chain& chain) {
  std::vector<std::string> names;
  for (const auto& unit : chain.units) {
    for (const auto node : unit.nodes) names.push_back(physical.logical->nodes[node].name);
  }
  return names;
}

class restore_builder {
 public:
  restore_builder(const plan& physical, task_id task)
      : physical_(physical),
        chain_(physical.chain_of(task)),
        mine_(physical.tasks[task.value].subtask) {}

  /// Whether the chain had ended in the subtask that this one continues; at another parallelism, in all of them.
  bool had_ended(const manifest& from, const std::vector<std::string>& uids) const {
    bool ended = false;
    for (const auto& task : from.tasks) {
      if (task.parallelism == chain_.parallelism && task.subtask != mine_) continue;
      if (!has_one_of(task, uids)) continue;
      if (!task.finished) return false;
      ended = true;
    }
    return ended;
  }

  part_restore collect(const manifest& from, const std::string& uid) const {
    part_restore part;
    part.uid = uid;
    const graph_node* node = node_of(physical_, uid);
    for (const auto& task : from.tasks) {
      for (const auto& written : task.operators) {
        if (written.uid != uid) continue;
        part.splits.insert(part.splits.end(), written.splits.begin(), written.splits.end());
        for (const auto& state : written.states) add_state(part, node, task, state);
        part.intents.insert(part.intents.end(), written.intents.begin(), written.intents.end());
      }
    }
    return part;
  }

 private:
  static bool has_one_of(const task_snapshot& task, const std::vector<std::string>& uids) {
    return std::any_of(task.operators.begin(), task.operators.end(),
                       [&](const operator_snapshot& of) {
                         return std::find(uids.begin(), uids.end(), of.uid) != uids.end();
                       });
  }
  /// Lists of an old subtask go to the new one of the same index, modulo the new
  /// parallelism.
  bool owns(const task_snapshot& task) const { return task.subtask % chain_.parallelism == mine_; }

  void add_state(part_restore& part, const graph_node* node, const task_snapshot& task,
                 const state_snapshot& state) const {
    const bool keyed = is_keyed(state);
    const auto* described = node != nullptr ? state_of(*node, state.name) : nullptr;
    const bool to_all = described != nullptr && described->mode == list_mode::union_all;
    if (!keyed && !to_all && !owns(task)) return;
    auto& target = state_named(part, state.name, keyed);
    target.schema = state.schema;
    const bool same_layout = task.parallelism == chain_.parallelism;
    const key_group_range range = groups_of(mine_, chain_.parallelism);
    bool any = false;
    for (const auto& ref : state.chunks) {
      if (keyed && !ref.groups.overlaps(range)) continue;
      if (keyed && same_layout && task.subtask != mine_) continue;
      target.chunks.push_back(ref);
      target.entries += ref.entries;
      any = true;
    }
    if (!any) return;
    if (same_layout) target.entries = state.entries;
    target.chain_length = state.chain_length;
    // A delta of today's schema on top of an image of an older one could not be read.
    const bool same_schema = described != nullptr && described->schema == state.schema;
    target.deltas_may_follow = same_layout && same_schema && task.subtask == mine_;
  }

  static state_restore& state_named(part_restore& part, const std::string& name, bool keyed) {
    for (auto& state : part.states) {
      if (state.name == name) return state;
    }
    part.states.push_back({});
    part.states.back().name = name;
    part.states.back().keyed = keyed;
    return part.states.back();
  }

  const plan& physical_;
  const planned_chain& chain_;
  std::uint32_t mine_;
};

}  // namespace

task_restore plan_restore(const manifest& from, const plan& physical, task_id task) {
  task_restore restore;
  restore.epoch = from.epoch;
  restore.fresh = from.tasks.empty();
  const restore_builder builder(physical, task);
  const auto uids = operators_of(physical, physical.chain_of(task));
  restore.ended = builder.had_ended(from, uids);
  for (const auto& uid : uids) {
    restore.parts.push_back(builder.collect(from, uid));
  }
  return restore;
}

}  // namespace weir
