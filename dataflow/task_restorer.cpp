// SPDX-License-Identifier: Apache-2.0
#include "dataflow/task_restorer.hpp"

#include <algorithm>
#include <utility>

#include "weir/core/schema_evolution.hpp"

namespace weir {

task_restorer::task_restorer(task_restore from, std::vector<operator_part*> parts,
                             key_group_range mine)
    : from_(std::move(from)), parts_(std::move(parts)), mine_(mine), restores_(parts_.size()) {
  for (auto* part : parts_) {
    for (const auto& keyed : part->keyed()) keyed.table->own(mine_);
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    restores_[i].fresh = from_.fresh;
    restores_[i].epoch = from_.epoch;
    const auto found =
        std::find_if(from_.parts.begin(), from_.parts.end(),
                     [&](const part_restore& p) { return p.uid == parts_[i]->uid(); });
    if (found != from_.parts.end()) plan_part(i, *found);
  }
}

const keyed_image* task_restorer::keyed_named(const std::vector<keyed_image>& all,
                                              const std::string& name) {
  for (const auto& keyed : all) {
    if (keyed.name == name) return &keyed;
  }
  return nullptr;
}

void task_restorer::plan_table(const keyed_image& keyed, const state_restore& state) {
  if (state.schema != keyed.schema) {
    auto readable = keyed.table->expect_values_of(value_schema_of(state.schema));
    if (!readable && !unfit_) {
      unfit_ = readable.error();
      unfit_->message.insert(0, "state '" + state.name + "': ");
    }
  }
  keyed.table->reserve(state.entries);
  tables_.push_back({keyed.table, state.chain_length - 1, state.deltas_may_follow});
}

void task_restorer::plan_part(std::size_t index, const part_restore& part) {
  auto& image = restores_[index].image;
  for (const auto& split : part.splits) image.splits.push_back({split.id, split.position});
  image.intents = part.intents;
  const auto keyed = parts_[index]->keyed();
  for (const auto& state : part.states) {
    target to;
    to.part = index;
    if (const keyed_image* found = keyed_named(keyed, state.name)) {
      to.table = found->table;
      plan_table(*found, state);
    } else {
      to.list = image.lists.size();
      image.lists.push_back({state.name, state.schema, list_mode::split, {}});
    }
    for (const auto& ref : state.chunks) {
      chunks_.push_back(ref);
      targets_.push_back(to);
    }
  }
}

result<void> task_restorer::on_chunk(const chunk& content) {
  if (next_ >= targets_.size()) {
    return error{error_code::invariant, "a chunk came that was not asked for"};
  }
  if (unfit_) return *unfit_;
  const target& to = targets_[next_++];
  if (to.table != nullptr) return to.table->load(content, mine_);
  restores_[to.part].image.lists[to.list].chunks.push_back(content);
  return {};
}

result<void> task_restorer::finish() {
  if (next_ != targets_.size()) {
    return error{error_code::invariant, "restored from " + std::to_string(next_) + " chunks of " +
                                            std::to_string(targets_.size())};
  }
  if (unfit_) return *unfit_;
  for (const auto& done : tables_) {
    if (done.deltas_may_follow) done.table->restored(from_.epoch, done.chain);
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (auto restored = parts_[i]->restore(std::move(restores_[i])); !restored)
      return restored.error();
  }
  return {};
}

}  // namespace weir
