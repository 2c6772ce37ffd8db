// SPDX-License-Identifier: Apache-2.0
#include "coordinator/poison_start.hpp"

#include <utility>
#include <vector>

#include "common/log.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace {

/// One slot for each operator with a policy in each task, in the order in which records pass.
std::vector<breadcrumb_slot> slots_of(const plan& physical) {
  std::vector<breadcrumb_slot> slots;
  for (const auto& task : physical.tasks) {
    for (const auto& unit : physical.chains[task.chain].units) {
      for (const auto node : unit.nodes) {
        const auto& of = physical.logical->nodes[node];
        if (of.poison) slots.push_back({task.id, of.name});
      }
    }
  }
  return slots;
}

const graph_node* node_of(const plan& physical, const breadcrumb& crumb) {
  for (const auto& node : physical.logical->nodes) {
    if (node.poison && hash_bytes(node.name) == crumb.uid_hash) return &node;
  }
  return nullptr;
}

result<void> count(poison_ledger& ledger, const plan& physical, const breadcrumb& crumb,
                   std::int64_t now_ms) {
  const auto* node = node_of(physical, crumb);
  if (node == nullptr) return {};  // the program has changed
  const std::string why = "the process ended while the record was being processed";
  const record_kill kill{node->name, crumb.identity, now_ms, record_kill::evidence::breadcrumb};
  const auto verdict = ledger.on_kill(kill, crumb.attempt, why, *node->poison);
  const std::string story = "record " + identity_text(crumb.identity) + " of operator " +
                            node->name + ": " + why + ", " +
                            std::to_string(ledger.kills(node->name, crumb.identity)) +
                            " kills of " + std::to_string(node->poison->kills);
  if (verdict == poison_ledger::verdict::fails_job) return error{error_code::user_exception, story};
  if (verdict == poison_ledger::verdict::full) {
    return error{error_code::limit, "more than " + std::to_string(poison_ledger::records_max) +
                                        " poison records without a checkpoint in between"};
  }
  logger(log_layer::coordinator, {}).warn(story);
  return {};
}

}  // namespace

result<poison_start> start_poison(snapshot_store& store, const plan& physical, bool fresh,
                                  std::int64_t now_ms) {
  poison_start made;
  if (!fresh) made.ledger = poison_ledger::decode(store.poison());
  const bool lays =
      store.has_directory();  // a simulation has none: its processes do not die of records
  const auto left = lays ? breadcrumb_file::left_in(store.directory()) : std::nullopt;
  result<void> refused;
  if (left && !fresh) {
    for (const auto& crumb : *left) {
      if (auto counted = count(made.ledger, physical, crumb, now_ms); !counted) refused = counted;
    }
  }
  // Before the file is written anew; a crash in between counts nothing twice, as each kill has its attempt.
  if (const auto bytes = made.ledger.encode(); bytes != store.poison()) {
    if (auto kept = store.keep_poison(bytes); !kept) return kept.error();
  }
  if (!lays) return made;
  const auto& directory = store.directory();
  auto slots = slots_of(physical);
  if (slots.empty() || !refused) {
    breadcrumb_file::remove(directory);
    if (!refused) return refused.error();
    return made;
  }
  auto file = breadcrumb_file::create(directory, std::move(slots), left.has_value());
  if (!file) return file.error();
  made.breadcrumbs = std::move(*file);
  return made;
}

}  // namespace weir
