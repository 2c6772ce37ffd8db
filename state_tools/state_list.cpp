// SPDX-License-Identifier: Apache-2.0
#include "state_tools/state_list.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "common/byte_size.hpp"
#include "dataflow/text_table.hpp"
#include "state_tools/checkpoint_text.hpp"
#include "state_tools/quoted_text.hpp"

namespace weir {
namespace {

using nlohmann::ordered_json;

std::map<std::uint64_t, std::uint32_t> blobs_of(const manifest& in) {
  std::map<std::uint64_t, std::uint32_t> blobs;
  for_each_chunk(in, [&](const chunk_ref& ref) { blobs[ref.blob] = ref.bytes; });
  return blobs;
}

listed_state& state_named(listed_checkpoint& in, const std::string& uid,
                          const state_snapshot& state) {
  for (listed_state& known : in.states) {
    if (known.operator_name == uid && known.name == state.name) return known;
  }
  return in.states.emplace_back(listed_state{uid, state.name, state.schema});
}

listed_checkpoint describe(const manifest& from) {
  listed_checkpoint made;
  made.epoch = from.epoch;
  made.kind = from.kind;
  made.created_unix_ms = from.created_unix_ms;
  made.finished = from.finished;
  made.tasks = from.tasks.size();
  std::set<epoch_id> images;
  for (const task_snapshot& task : from.tasks) {
    for (const operator_snapshot& one : task.operators) {
      for (const state_snapshot& state : one.states) {
        listed_state& listed = state_named(made, one.uid, state);
        listed.entries += state.entries;
        ++listed.tasks;
        listed.deltas_max = std::max(listed.deltas_max, std::max(state.chain_length, 1u) - 1);
        for (const chunk_ref& ref : state.chunks) listed.bytes += ref.bytes;
        if (!state.full) images.insert(state.base);
      }
    }
  }
  made.images_of.assign(images.begin(), images.end());
  return made;
}

/// Who shares what: fills in the sums of each checkpoint.
void add_sharing(std::vector<listed_checkpoint>& checkpoints,
                 const std::map<epoch_id, std::map<std::uint64_t, std::uint32_t>>& blobs) {
  for (listed_checkpoint& one : checkpoints) {
    const auto mine = blobs.find(one.epoch);
    if (mine == blobs.end()) continue;
    std::set<epoch_id> others;
    for (const auto& [blob, bytes] : mine->second) {
      bool shared = false;
      for (const auto& [epoch, theirs] : blobs) {
        if (epoch == one.epoch || !theirs.contains(blob)) continue;
        others.insert(epoch);
        shared = true;
      }
      ++one.chunks;
      one.bytes += bytes;
      (shared ? one.shared_bytes : one.own_bytes) += bytes;
    }
    one.shares_with.assign(others.begin(), others.end());
  }
}

std::string joined(const std::vector<epoch_id>& epochs) {
  std::string text;
  for (const epoch_id epoch : epochs) text += (text.empty() ? "" : ", ") + to_string(epoch);
  return text;
}

std::vector<std::uint64_t> numbers_of(const std::vector<epoch_id>& epochs) {
  std::vector<std::uint64_t> numbers;
  for (const epoch_id epoch : epochs) numbers.push_back(epoch.value);
  return numbers;
}

ordered_json json_of(const listed_checkpoint& one) {
  ordered_json made = {{"id", one.epoch.value}};
  if (one.damage) {
    made["damage"] = one.damage->text();
    return made;
  }
  made["kind"] = to_string(one.kind);
  made["created_unix_ms"] = one.created_unix_ms;
  made["finished"] = one.finished;
  made["bytes"] = one.bytes;
  made["own_bytes"] = one.own_bytes;
  made["shared_bytes"] = one.shared_bytes;
  made["chunks"] = one.chunks;
  made["shares_with"] = numbers_of(one.shares_with);
  made["images_of"] = numbers_of(one.images_of);
  made["tasks"] = one.tasks;
  made["states"] = ordered_json::array();
  for (const listed_state& state : one.states) {
    made["states"].push_back({{"operator", state.operator_name},
                              {"state", state.name},
                              {"schema", state.schema},
                              {"entries", state.entries},
                              {"bytes", state.bytes},
                              {"tasks", state.tasks},
                              {"deltas_max", state.deltas_max}});
  }
  return made;
}

void print_json(const state_listing& listing, text_output& out) {
  ordered_json made = {{"job", listing.job},
                       {"directory", listing.directory},
                       {"file_bytes", listing.file_bytes},
                       {"free_bytes", listing.free_bytes},
                       {"orphans", listing.orphans},
                       {"checkpoints", ordered_json::array()}};
  for (const listed_checkpoint& one : listing.checkpoints) {
    made["checkpoints"].push_back(json_of(one));
  }
  out.print(made.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

std::string sharing_of(const listed_checkpoint& one) {
  if (one.shares_with.empty()) return "nothing";
  return print_rounded_size(one.shared_bytes) + " with " + joined(one.shares_with);
}

void print_states(const listed_checkpoint& newest, text_output& out) {
  if (newest.damage || newest.states.empty()) return;
  out.print("");
  out.print("States of checkpoint " + to_string(newest.epoch));
  text_table table;
  table.add({"operator", "state", "entries", "size", "tasks", "deltas", "schema"});
  for (const listed_state& state : newest.states) {
    table.add({printable(state.operator_name), printable(state.name),
               state.entries == 0 ? "-" : std::to_string(state.entries),
               print_rounded_size(state.bytes), std::to_string(state.tasks),
               std::to_string(state.deltas_max), printable(state.schema)});  // may be long
  }
  out.line() += table.text();
}

void print_text(const state_listing& listing, text_output& out) {
  out.print("Job " + listing.job + ", " + listing.directory);
  out.print("File of " + print_rounded_size(listing.file_bytes) + ", of which " +
            print_rounded_size(listing.free_bytes) + " are free; " +
            std::to_string(listing.orphans) + " chunks belong to no checkpoint");
  out.print("");
  if (listing.checkpoints.empty()) return out.print("No checkpoint");
  text_table table;
  table.add({"checkpoint", "kind", "taken", "size", "shared", "full images", "state"});
  for (const listed_checkpoint& one : listing.checkpoints) {
    if (one.damage) {
      table.add({to_string(one.epoch), "damaged: " + one.damage->message});
      continue;
    }
    const std::string images = one.images_of.empty() ? "its own" : "of " + joined(one.images_of);
    table.add({to_string(one.epoch), std::string(to_string(one.kind)),
               print_utc(one.created_unix_ms), print_rounded_size(one.bytes), sharing_of(one),
               images, one.finished ? "the job had finished" : "complete"});
  }
  out.line() += table.text();
  print_states(listing.checkpoints.front(), out);
}

}  // namespace

bool state_listing::has_damage() const {
  return std::any_of(checkpoints.begin(), checkpoints.end(),
                     [](const listed_checkpoint& one) { return one.damage.has_value(); });
}

result<state_listing> list_checkpoints(const stored_state& from) {
  state_listing made;
  made.job = from.job();
  made.directory = from.directory().string();
  made.file_bytes = from.file().file_bytes;
  made.free_bytes = from.file().free_pages * from.file().page_bytes;
  made.orphans = from.orphans().size();
  std::map<epoch_id, std::map<std::uint64_t, std::uint32_t>> blobs;
  for (const checkpoint_info& info : from.store().checkpoints()) {
    const auto found = from.store().load(info.epoch);
    if (found) {
      made.checkpoints.push_back(describe(*found));
      blobs.emplace(info.epoch, blobs_of(*found));
    } else {
      made.checkpoints.emplace_back().epoch = info.epoch;
      made.checkpoints.back().damage = found.error();
      if (auto why = from.explain(found.error()); why.code == error_code::in_use) return why;
    }
  }
  add_sharing(made.checkpoints, blobs);
  return made;
}

void print_list(const state_listing& listing, value_style style, text_output& out) {
  if (style == value_style::json) return print_json(listing, out);
  print_text(listing, out);
}

}  // namespace weir
