// SPDX-License-Identifier: Apache-2.0
#include "connectors/part_directory.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "connectors/posix_parts.hpp"

namespace weir {

namespace {

bool holds(const part_status& about, std::uint64_t bytes) {
  return about.regular && about.bytes == bytes;
}

}  // namespace

result<part_directory> part_directory::open(const std::string& path) {
  auto storage = posix_parts::open(path);
  if (!storage) return storage.error();
  return part_directory(std::move(*storage));
}

result<std::unique_ptr<part_file>> part_directory::create_pending(const std::string& name) const {
  return storage_->create(name);
}

result<void> part_directory::remove_pending(const std::string& name) const {
  if (auto removed = storage_->remove(name); !removed) return removed.error();
  return {};
}

result<void> part_directory::sync() const {
  return storage_->sync();
}

result<void> part_directory::commit(std::span<const commit_intent> intents) const {
  if (intents.empty()) return {};
  for (const commit_intent& intent : intents) {
    if (auto committed = commit_one(intent); !committed) return committed;
  }
  // Also when all were done before: that process may have ended between its renames and its sync.
  return sync();
}

result<void> part_directory::commit_one(const commit_intent& intent) const {
  const auto pending = storage_->look(intent.pending_name);
  if (!pending) return pending.error();
  if (!pending->has_value()) return finish_found(intent);
  if (!holds(**pending, intent.bytes)) {
    return error{error_code::corrupt, "pending file '" + path() + "/" + intent.pending_name +
                                          "' has " + std::to_string((*pending)->bytes) +
                                          " bytes, its commit intent says " +
                                          std::to_string(intent.bytes)};
  }
  const auto renamed = storage_->rename(intent.pending_name, intent.final_name);
  if (!renamed) return renamed.error();
  return *renamed ? result<void>() : finish_found(intent);
}

/// Decides by what is there: the final file alone, both, or neither.
result<void> part_directory::finish_found(const commit_intent& intent) const {
  const auto pending = storage_->look(intent.pending_name);
  if (!pending) return pending.error();
  const auto final = storage_->look(intent.final_name);
  if (!final) return final.error();
  if (!final->has_value()) {
    return error{error_code::corrupt, "output is missing: neither '" + path() + "/" +
                                          intent.pending_name + "' nor '" + path() + "/" +
                                          intent.final_name + "' exists"};
  }
  if (!pending->has_value()) {
    if (holds(**final, intent.bytes)) return {};  // committed before
    return error{error_code::corrupt, "committed file '" + path() + "/" + intent.final_name +
                                          "' has " + std::to_string((*final)->bytes) +
                                          " bytes, its commit intent says " +
                                          std::to_string(intent.bytes)};
  }
  if (!(*pending)->is(**final)) {
    return error{error_code::in_use,
                 "'" + path() + "/" + intent.final_name +
                     "' exists already and weir never replaces a file: another run or sink wrote "
                     "it; its output would go there from '" +
                     intent.pending_name + "'"};
  }
  return remove_pending(intent.pending_name);
}

result<std::uint64_t> part_directory::remove_leftovers(const sink_identity& sink, sink_share share,
                                                       attempt_id attempt,
                                                       std::span<const commit_intent> keep) const {
  std::unordered_set<std::string_view> kept;
  for (const commit_intent& intent : keep) kept.insert(intent.pending_name);
  const auto all = storage_->names();
  if (!all) return all.error();
  std::uint64_t removed = 0;
  for (const std::string& name : *all) {
    const auto part = parse_pending(name);
    if (!part || part->sink != sink || !share.covers(part->subtask)) continue;
    if (part->attempt >= attempt || kept.contains(name)) continue;
    const auto gone = storage_->remove(name);
    if (!gone) return gone.error();
    removed += *gone;
  }
  if (removed == 0) return removed;
  if (auto synced = sync(); !synced) return synced.error();
  return removed;
}

result<std::vector<final_part>> part_directory::visible_parts(const std::string& prefix) const {
  const auto all = storage_->names();
  if (!all) return all.error();
  std::vector<final_part> parts;
  for (const std::string& name : *all) {
    auto part = parse_final(name);
    if (part && part->prefix == prefix) parts.push_back(std::move(*part));
  }
  std::sort(parts.begin(), parts.end(),
            [](const final_part& a, const final_part& b) { return final_name(a) < final_name(b); });
  return parts;
}

}  // namespace weir
