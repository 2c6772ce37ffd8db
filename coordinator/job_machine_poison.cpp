// SPDX-License-Identifier: Apache-2.0
// The part of job_machine that is about poison records (P19).
#include <utility>

#include "coordinator/job_machine.hpp"

namespace weir {

const poison_rule* job_machine::rule_of(const std::string& uid) const {
  for (const auto& node : options_.physical->logical->nodes) {
    if (node.name == uid) return node.poison ? &*node.poison : nullptr;
  }
  return nullptr;
}

/// A kill is bounded by its own count: it uses up no restart attempt, and nothing is gained by waiting.
std::optional<std::chrono::nanoseconds> job_machine::delay_after_kill(const record_kill& kill,
                                                                      attempt_id attempt,
                                                                      const error& why,
                                                                      const std::string& cause,
                                                                      time_point now) {
  const auto* rule = rule_of(kill.uid);
  if (rule == nullptr) return delay_after(why, cause, now);
  const auto verdict = options_.poison.on_kill(kill, attempt, why.text(), *rule);
  effects_.keep_poison(options_.poison.encode());
  const std::string story =
      "record " + identity_text(kill.identity) + " has killed operator " + kill.uid + " " +
      std::to_string(options_.poison.kills(kill.uid, kill.identity)) + " times";
  switch (verdict) {
    case poison_ledger::verdict::fails_job:
      end_failed({why.code, story + ": " + cause}, now);
      return std::nullopt;
    case poison_ledger::verdict::full:
      end_failed({error_code::limit,
                  "more than " + std::to_string(poison_ledger::records_max) +
                      " poison records without a checkpoint in between; the last: " + cause},
                 now);
      return std::nullopt;
    case poison_ledger::verdict::convicted:
      log_.warn(story + ": from now on it is " +
                (rule->what == poison_rule::action::skip ? "skipped" : "sent to dead letters"));
      break;
    case poison_ledger::verdict::again:
      log_.info(story + " of " + std::to_string(rule->kills));
      break;
  }
  return std::chrono::nanoseconds(0);
}

/// A checkpoint behind the skip ends the careful loop, and spares the next kill the replay.
void job_machine::on_record_skipped(task_id task, attempt_id attempt, const std::string& uid,
                                    record_identity which, time_point now) {
  if (over_ || region_of(task).attempt != attempt) return;
  options_.poison.on_skipped(uid, which, triggered_);
  scheduler_.hasten(now);
  advance_checkpoints(now);
}

/// What was skipped behind the checkpoint that the region goes back to comes again.
void job_machine::reopen_convictions(const region_state& region) {
  bool changed = false;
  for (const auto task : region.tasks) {
    for (const auto& unit : options_.physical->chain_of(task).units) {
      for (const auto node : unit.nodes) {
        const auto& of = options_.physical->logical->nodes[node];
        if (of.poison) changed = options_.poison.on_restore(of.name, last_.epoch) || changed;
      }
    }
  }
  if (changed) effects_.keep_poison(options_.poison.encode());
}

std::vector<poison_list> job_machine::convictions_at(task_id task) const {
  std::vector<poison_list> lists;
  for (const auto& unit : options_.physical->chain_of(task).units) {
    for (const auto node : unit.nodes) {
      const auto& of = options_.physical->logical->nodes[node];
      if (!of.poison) continue;
      auto records = options_.poison.convictions(of.name, *of.poison);
      if (!records.empty()) lists.push_back({of.name, std::move(records)});
    }
  }
  return lists;
}

}  // namespace weir
