// SPDX-License-Identifier: Apache-2.0
#include "coordinator/pending_checkpoint.hpp"

#include <algorithm>
#include <utility>

#include "common/duration.hpp"
#include "coordinator/ack_audit.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

constexpr std::size_t missing_named_max = 10;  // one log line stays readable

std::string numbers(std::uint64_t done, std::uint64_t total, const char* unit) {
  std::string text = " ";
  text.append(std::to_string(done));
  if (total != 0) text.append(" of ").append(std::to_string(total));
  return text.append(" ").append(unit);
}

std::string place_text(const std::string& chain, std::uint32_t subtask, std::uint32_t parallelism) {
  return chain + "/" + std::to_string(subtask) + " of " + std::to_string(parallelism);
}

}  // namespace

std::string_view to_string(ack_outcome outcome) {
  switch (outcome) {
    case ack_outcome::accepted:
      return "accepted";
    case ack_outcome::complete:
      return "complete";
    case ack_outcome::duplicate:
      return "duplicate";
    case ack_outcome::unknown_task:
      return "unknown task";
    case ack_outcome::late_attempt:
      return "late attempt";
    case ack_outcome::foreign_fence:
      return "foreign fence";
    case ack_outcome::wrong_epoch:
      return "wrong epoch";
    case ack_outcome::closed:
      return "closed";
    case ack_outcome::mismatch:
      return "mismatch";
    case ack_outcome::declined:
      return "declined";
  }
  return "unknown";
}

pending_checkpoint::pending_checkpoint(pending_options options) : options_(std::move(options)) {
  WEIR_CHECK(!options_.tasks.empty(), options_.epoch);
  for (auto& task : options_.tasks) {
    WEIR_CHECK(task.region.value < options_.attempts.size(), task.name(), task.region);
    const auto id = task.id;
    slot made{.task = std::move(task), .phase_since = options_.started};
    const bool fresh = tasks_.emplace(id, std::move(made)).second;
    WEIR_CHECK(fresh, "task twice in checkpoint", options_.epoch, id);
  }
  options_.tasks.clear();
}

/// P4, P7: who may change this checkpoint.
pending_checkpoint::admission pending_checkpoint::admit(const report_header& from) {
  if (from.fence != options_.fence) return {ack_outcome::foreign_fence, nullptr};
  if (from.epoch != options_.epoch) return {ack_outcome::wrong_epoch, nullptr};
  const auto found = tasks_.find(from.task);
  if (found == tasks_.end()) return {ack_outcome::unknown_task, nullptr};
  const auto attempt = options_.attempts[found->second.task.region.value];
  if (from.attempt < attempt) return {ack_outcome::late_attempt, nullptr};
  WEIR_CHECK(from.attempt == attempt, found->second.task.name(), from.attempt, attempt);
  if (failure_) return {ack_outcome::closed, nullptr};
  if (found->second.acked) return {ack_outcome::duplicate, nullptr};
  return {ack_outcome::accepted, &found->second};
}

ack_outcome pending_checkpoint::on_ack(task_ack ack) {
  const auto [outcome, place] = admit(ack.from);
  if (place == nullptr) return outcome;
  if (const auto sound = audit(place->task, ack); !sound) {
    fail(checkpoint_failure_cause::mismatch, "failed: the snapshot of " + place->task.name() +
                                                 " does not add up: " + sound.error().message);
    return ack_outcome::mismatch;
  }
  for (const auto& state : ack.declared) {
    new_chunks_ += state.chunks.size();
    for (const auto& chunk : state.chunks) new_bytes_ += chunk.bytes;
  }
  place->acked = std::move(ack.stored);
  ++acked_count_;
  return all_acked() ? ack_outcome::complete : ack_outcome::accepted;
}

/// P12, and that the snapshot is of the task that acks.
result<void> pending_checkpoint::audit(const expected_task& task, const task_ack& ack) const {
  const auto& stored = ack.stored;
  if (stored.task != task.chain || stored.subtask != task.subtask ||
      stored.parallelism != task.parallelism) {
    return error{error_code::corrupt,
                 "it is of " + place_text(stored.task, stored.subtask, stored.parallelism) +
                     ", expected " + place_text(task.chain, task.subtask, task.parallelism)};
  }
  return audit_ack(ack);
}

ack_outcome pending_checkpoint::on_decline(const task_decline& decline) {
  const auto [outcome, place] = admit(decline.from);
  if (place == nullptr) return outcome;
  fail(checkpoint_failure_cause::declined,
       "failed: " + place->task.name() + " declined: " + decline.reason);
  return ack_outcome::declined;
}

ack_outcome pending_checkpoint::on_progress(const task_progress& progress, time_point now) {
  const auto [outcome, place] = admit(progress.from);
  if (place == nullptr || progress.phase < place->phase) return outcome;
  if (progress.phase > place->phase) place->phase_since = progress.since.value_or(now);
  place->phase = progress.phase;
  place->done = progress.done;
  place->total = progress.total;
  place->waits_for = progress.waits_for;
  place->reported = true;
  return outcome;
}

checkpoint_failure pending_checkpoint::on_timeout(time_point now) {
  return fail(checkpoint_failure_cause::timeout,
              "timed out after " + print_rounded(now - options_.started) + ": " + status(now));
}

checkpoint_failure pending_checkpoint::abort(std::string_view why) {
  return fail(checkpoint_failure_cause::aborted, "aborted: " + std::string(why));
}

checkpoint_failure pending_checkpoint::fail(checkpoint_failure_cause cause,
                                            const std::string& reason) {
  WEIR_CHECK(!completed_, "checkpoint completed", options_.epoch, reason);
  if (!failure_) {
    failure_ = checkpoint_failure{options_.epoch, cause,
                                  "checkpoint " + weir::to_string(options_.epoch) + " " + reason};
  }
  return *failure_;
}

result<completed_checkpoint> pending_checkpoint::complete(manifest head, const base_lookup& bases,
                                                          time_point now) {
  WEIR_CHECK(all_acked() && !failure_ && !completed_, options_.epoch, acked_count_, completed_);
  head.epoch = options_.epoch;
  head.fence = options_.fence;
  head.kind = options_.kind;
  head.attempt = *std::max_element(options_.attempts.begin(), options_.attempts.end());
  head.finished = true;
  head.tasks.clear();
  for (auto& [id, place] : tasks_) {
    auto resolved = resolve_deltas(std::move(*place.acked), options_.epoch, bases);
    if (!resolved) {
      const auto failed =
          fail(checkpoint_failure_cause::no_base, "failed: " + resolved.error().message);
      return error{resolved.error().code, failed.reason};
    }
    head.finished = head.finished && resolved->finished;
    head.tasks.push_back(*std::move(resolved));
  }
  completed_ = true;
  return completed_checkpoint{.content = std::move(head),
                              .duration = now - options_.started,
                              .new_chunks = new_chunks_,
                              .new_bytes = new_bytes_};
}

std::string pending_checkpoint::status(time_point now) const {
  std::string text =
      std::to_string(acked_count_) + " of " + std::to_string(tasks_.size()) + " tasks have acked";
  std::size_t missing = 0;
  for (const auto& [id, place] : tasks_) {
    if (place.acked) continue;
    if (++missing > missing_named_max) continue;
    text += (missing == 1 ? "; missing: " : ", ") + describe(place, now);
  }
  if (missing > missing_named_max) {
    text += " and " + std::to_string(missing - missing_named_max) + " more";
  }
  return text;
}

std::string pending_checkpoint::describe(const slot& missing, time_point now) {
  std::string text = missing.task.name();
  switch (missing.phase) {
    case snapshot_phase::waiting:
      text += " waiting for a marker";
      break;
    case snapshot_phase::aligning:
      text += " aligning" + numbers(missing.done, missing.total, "channels");
      break;
    case snapshot_phase::draining:
      text += " draining" + numbers(missing.done, missing.total, "chunks");
      break;
    case snapshot_phase::writing:
      text += " writing" + numbers(missing.done, missing.total, "chunks");
      break;
  }
  text += " for " + print_rounded(now - missing.phase_since);
  if (!missing.waits_for.empty()) return text + " (" + missing.waits_for + ")";
  const bool works = missing.reported && missing.phase == snapshot_phase::waiting;
  return works ? text + " (at work on what is in front of it)" : text;
}

}  // namespace weir
