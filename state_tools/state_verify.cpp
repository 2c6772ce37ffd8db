// SPDX-License-Identifier: Apache-2.0
#include "state_tools/state_verify.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/byte_size.hpp"

namespace weir {
namespace {

using nlohmann::ordered_json;

class verifier {
 public:
  explicit verifier(const stored_state& from) : store_(from.store()) {}

  verified_checkpoint check(epoch_id epoch) {
    verified_checkpoint found;
    found.epoch = epoch;
    const auto read = store_.load(epoch);
    if (!read) {
      found.damage.push_back(read.error().message);
      return found;
    }
    for (const task_snapshot& task : read->tasks) {
      for (const operator_snapshot& one : task.operators) {
        for (const state_snapshot& state : one.states) {
          for (const chunk_ref& ref : state.chunks) {
            ++found.chunks;
            found.bytes += ref.bytes;
            const auto& wrong = check_chunk(ref);
            if (!wrong || found.damage.size() > damage_named_max) continue;
            found.damage.push_back(found.damage.size() == damage_named_max
                                       ? "and more"
                                       : "operator " + one.uid + ", subtask " +
                                             std::to_string(task.subtask) + ", state " +
                                             state.name + ": " + *wrong);
          }
        }
      }
    }
    return found;
  }

 private:
  /// What is wrong with it. Checkpoints share chunks, but each may expect something else of them.
  const std::optional<std::string>& check_chunk(const chunk_ref& ref) {
    const auto key = std::make_pair(ref.blob, ref.checksum);
    const auto known = seen_.find(key);
    if (known != seen_.end()) return known->second;
    const auto read = store_.read(ref);
    return seen_[key] = read ? std::nullopt : std::optional(read.error().message);
  }

  const snapshot_store& store_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::optional<std::string>> seen_;
};

void print_json(const verification& found, text_output& out) {
  ordered_json made = {{"job", found.job},       {"directory", found.directory},
                       {"sound", found.sound()}, {"orphans", found.orphans},
                       {"damage", found.damage}, {"checkpoints", ordered_json::array()}};
  for (const verified_checkpoint& one : found.checkpoints) {
    made["checkpoints"].push_back({{"id", one.epoch.value},
                                   {"chunks", one.chunks},
                                   {"bytes", one.bytes},
                                   {"damage", one.damage}});
  }
  out.print(made.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace

bool verification::sound() const {
  return damage.empty() && std::all_of(checkpoints.begin(), checkpoints.end(),
                                       [](const auto& one) { return one.damage.empty(); });
}

result<verification> verify_state(const stored_state& from) {
  verification found;
  found.job = from.job();
  found.directory = from.directory().string();
  found.orphans = from.orphans().size();
  verifier reader(from);
  for (const checkpoint_info& info : from.store().checkpoints()) {
    found.checkpoints.push_back(reader.check(info.epoch));
  }
  if (auto poison = from.check_poison(); !poison) found.damage.push_back(poison.error().message);
  if (found.sound() || !from.has_moved_on()) return found;
  return from.explain({error_code::corrupt, "what was read is not there any more"});
}

void print_verification(const verification& found, value_style style, text_output& out) {
  if (style == value_style::json) return print_json(found, out);
  out.print("Job " + found.job + ", " + found.directory);
  for (const verified_checkpoint& one : found.checkpoints) {
    out.print("checkpoint " + to_string(one.epoch) + ": " +
              (one.damage.empty() ? "sound, " : "DAMAGED, ") + std::to_string(one.chunks) +
              " chunks of " + print_rounded_size(one.bytes));
    for (const std::string& line : one.damage) out.print("  " + line);
  }
  for (const std::string& line : found.damage) out.print(line);
  if (found.orphans != 0) {
    out.print(std::to_string(found.orphans) +
              " chunks belong to no checkpoint; they go with the next commit");
  }
  if (found.checkpoints.empty()) out.print("No checkpoint");
}

}  // namespace weir
