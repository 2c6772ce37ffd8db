// SPDX-License-Identifier: Apache-2.0
#include "coordinator/ack_audit.hpp"

#include <map>
#include <sstream>
#include <utility>

namespace weir {
namespace {

using state_key = std::pair<std::string_view, std::string_view>;  // operator, state
using stored_states = std::map<state_key, const std::vector<chunk_ref>*>;

template <class... Values>
error disagreement(const Values&... values) {
  std::ostringstream text;
  ((text << values), ...);
  return {error_code::corrupt, text.str()};
}

std::string name_of(const state_key& key) {
  return "state " + std::string(key.first) + "." + std::string(key.second);
}

result<void> audit_chunk(const state_key& key, std::size_t index, const declared_chunk& declared,
                         const chunk_ref& stored) {
  const auto differs = [&](const char* what, std::uint64_t task, std::uint64_t store) {
    return disagreement(name_of(key), " chunk ", index, ": the task declares ", what, " ", task,
                        ", the store holds ", store);
  };
  if (declared.kind != stored.kind) {
    return differs("kind", static_cast<std::uint64_t>(declared.kind),
                   static_cast<std::uint64_t>(stored.kind));
  }
  if (declared.groups.first != stored.groups.first) {
    return differs("first key group", declared.groups.first, stored.groups.first);
  }
  if (declared.groups.last != stored.groups.last) {
    return differs("last key group", declared.groups.last, stored.groups.last);
  }
  if (declared.entries != stored.entries)
    return differs("entries", declared.entries, stored.entries);
  if (declared.bytes != stored.bytes) return differs("bytes", declared.bytes, stored.bytes);
  if (declared.checksum != stored.checksum) {
    return differs("checksum", declared.checksum, stored.checksum);
  }
  return {};
}

result<void> audit_state(const state_key& key, const declared_state& declared,
                         const std::vector<chunk_ref>& stored) {
  if (declared.chunks.size() != stored.size()) {
    return disagreement(name_of(key), ": the task declares ", declared.chunks.size(),
                        " chunks, the store holds ", stored.size());
  }
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const auto same = audit_chunk(key, i, declared.chunks[i], stored[i]);
    if (!same) return same;
  }
  return {};
}

result<stored_states> index_stored(const task_snapshot& snapshot) {
  stored_states index;
  for (const auto& one : snapshot.operators) {
    for (const auto& state : one.states) {
      const state_key key{one.uid, state.name};
      if (!index.emplace(key, &state.chunks).second) {
        return disagreement(name_of(key), " is stored twice");
      }
    }
  }
  return index;
}

}  // namespace

result<void> audit_ack(const task_ack& ack) {
  auto index = index_stored(ack.stored);
  if (!index) return index.error();
  for (const auto& declared : ack.declared) {
    const state_key key{declared.uid, declared.name};
    const auto stored = index->find(key);
    if (stored == index->end()) {
      return disagreement(name_of(key), " is declared with ", declared.chunks.size(),
                          " chunks, but the store does not hold it, or it was declared before");
    }
    const auto same = audit_state(key, declared, *stored->second);
    if (!same) return same;
    index->erase(stored);
  }
  if (!index->empty()) {
    return disagreement(name_of(index->begin()->first), " is stored with ",
                        index->begin()->second->size(), " chunks, but the task did not declare it");
  }
  return {};
}

}  // namespace weir
