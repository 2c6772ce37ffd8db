// SPDX-License-Identifier: Apache-2.0
// pending_checkpoint collects the reports on one triggered checkpoint until every task has acked,
// or it fails.
//
//            on_ack of the last task        complete()
//   pending ------------------------> acked -----------> completed_checkpoint
//      |  on_decline, on_timeout, abort, an ack that does not add up
//      +-------------------------------> failed, for good
//
// Owner:      the coordinator. Not thread safe; times are passed in.
// Invariants: (1) each expected task is counted once; (2) a report of another fence, epoch or
//             attempt changes nothing (P4, P7); (3) a failed checkpoint never completes; (4) the
//             first failure is kept.
// Source:     P7, P8, P12; the split of pending and completed is Flink's.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/checkpoint_reports.hpp"
#include "coordinator/completed_checkpoint.hpp"
#include "coordinator/delta_chain.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// What became of a report. Only the first three and the last two concern the checkpoint; the
/// others are logged at debug.
enum class ack_outcome : std::uint8_t {
  accepted,       ///< counted; others are missing
  complete,       ///< counted; it was the last one
  duplicate,      ///< the task has acked before
  unknown_task,   ///< the task is not part of this checkpoint
  late_attempt,   ///< of an incarnation of the region that has been rolled back
  foreign_fence,  ///< meant for another coordinator's term of office
  wrong_epoch,    ///< about another checkpoint
  closed,         ///< the checkpoint had failed already
  mismatch,       ///< task and store do not agree: the checkpoint has failed now (P12)
  declined,       ///< the task cannot take it: the checkpoint has failed now (P8)
};

std::string_view to_string(ack_outcome outcome);

enum class checkpoint_failure_cause : std::uint8_t {
  declined,  ///< a task could not take it
  timeout,   ///< some task did not ack in time
  mismatch,  ///< task and store do not agree on what was written
  no_base,   ///< a delta's base is not known, or does not fit
  aborted,   ///< by the coordinator, for a reason outside the checkpoint (rollback, stop)
};

struct checkpoint_failure {
  epoch_id epoch;
  checkpoint_failure_cause cause;
  std::string reason;  ///< one sentence with names and numbers
};

/// A task that must ack.
struct expected_task {
  task_id id;
  region_id region;
  std::string chain;
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 1;

  std::string name() const { return chain + "/" + std::to_string(subtask); }
};

struct pending_options {
  epoch_id epoch;
  fence_id fence;
  std::vector<attempt_id> attempts;  ///< by region; every task's region is an index into it
  std::vector<expected_task> tasks;  ///< not empty, ids unique
  checkpoint_kind kind = checkpoint_kind::periodic;
  std::chrono::steady_clock::time_point started;
};

class pending_checkpoint {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit pending_checkpoint(pending_options options);

  ack_outcome on_ack(task_ack ack);
  ack_outcome on_decline(const task_decline& decline);
  /// For reports only; a task's phase never goes back.
  ack_outcome on_progress(const task_progress& progress, time_point now);

  /// Fails it, naming the tasks that are missing, their phases and numbers. Not after complete().
  checkpoint_failure on_timeout(time_point now);
  checkpoint_failure abort(std::string_view why);

  /// Once, when all_acked(). `head` carries what the tasks do not know (job, build, fingerprint,
  /// key hash version, sinks); the rest of it is filled in here. A delta whose base does not fit
  /// fails the checkpoint: the error tells which, and failure() has it too.
  result<completed_checkpoint> complete(manifest head, const base_lookup& bases, time_point now);

  epoch_id epoch() const { return options_.epoch; }
  checkpoint_kind kind() const { return options_.kind; }
  bool all_acked() const { return acked_count_ == tasks_.size(); }
  std::size_t acked_count() const { return acked_count_; }
  std::size_t task_count() const { return tasks_.size(); }
  const std::optional<checkpoint_failure>& failure() const { return failure_; }

  /// "3 of 5 tasks have acked; missing: count/1 draining 17 of 40 chunks for 2 s"; names at most
  /// ten.
  std::string status(time_point now) const;

 private:
  struct slot {
    expected_task task;
    std::optional<task_snapshot> acked{};
    snapshot_phase phase = snapshot_phase::waiting;
    time_point phase_since{};
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::string waits_for{};
    bool reported = false;  // how far it is; empty waits_for then says that it works
  };
  struct admission {
    ack_outcome outcome;
    slot* place;  // null unless accepted
  };

  admission admit(const report_header& from);
  checkpoint_failure fail(checkpoint_failure_cause cause, const std::string& reason);
  result<void> audit(const expected_task& task, const task_ack& ack) const;
  static std::string describe(const slot& missing, time_point now);

  pending_options options_;  // its tasks live in tasks_
  std::map<task_id, slot> tasks_;
  std::size_t acked_count_ = 0;
  std::uint64_t new_chunks_ = 0;
  std::uint64_t new_bytes_ = 0;
  std::optional<checkpoint_failure> failure_;
  bool completed_ = false;
};

}  // namespace weir
