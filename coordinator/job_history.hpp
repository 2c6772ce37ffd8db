// SPDX-License-Identifier: Apache-2.0
// job_history remembers what has happened to a job, for people: its states and those of its tasks, its checkpoints with
// what each task did for them, its failures and what was done about them, and what became of what was asked for. It decides
// nothing; job_machine tells it.
//
// Owner:      job_machine writes it, whoever looks at the job copies from it, both under the lock of the job's board.
// Invariants: (1) histories are bounded by the limits, the newest entry first; (2) at most one checkpoint is in progress;
//             (3) times passed in do not go back.
// Source:     names and meanings are Flink's REST documents'.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/checkpoint_requests.hpp"
#include "coordinator/job_observation.hpp"
#include "dataflow/snapshot_timing.hpp"

namespace weir {

struct history_limits {
  std::size_t checkpoints = 10;
  std::size_t exceptions = 16;
};

class job_history {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `began` is the time of day at on_start().
  explicit job_history(unix_ms began = 0, std::size_t tasks = 0, history_limits limits = {});

  // -- the job's life --
  void on_start(time_point now);
  void on_state(observed_job_state state, time_point now);
  void on_task_state(task_id task, observed_task_state state, time_point now);
  /// Tasks that have not ended get this state.
  void on_end(observed_job_state state, const std::optional<error>& failure, time_point now);

  // -- failures --
  void on_failure(std::string task, region_id region, const error& why,
                  std::optional<std::string> record, time_point now);
  /// The failed region is restored at this time, not before.
  void on_restart_delayed(time_point until) { restarts_at_ = until; }
  /// Records of the region flow again, from this checkpoint.
  void on_region_resumed(region_id region, epoch_id from, time_point now);
  /// All of the job runs, from a checkpoint that a run has taken.
  void on_restored(epoch_id from, time_point now);

  // -- checkpoints --
  void on_triggered(epoch_id epoch, checkpoint_kind kind, time_point now);
  void on_ack(epoch_id epoch, task_id task, const snapshot_timing& timing,
              std::uint64_t written_bytes, time_point now);
  /// Every task has acked: the manifest is being written.
  void on_sealed(const manifest& content);
  void on_completed(epoch_id epoch, time_point now);
  void on_checkpoint_failed(epoch_id epoch, const std::string& why, time_point now);

  // -- requests --
  std::uint64_t ask_checkpoint();
  std::uint64_t ask_stop();
  checkpoint_requests& checkpoints_asked() { return checkpoints_asked_; }
  checkpoint_requests& stops_asked() { return stops_asked_; }
  /// How many have come out.
  std::uint64_t requests_settled() const {
    return checkpoints_asked_.settled() + stops_asked_.settled();
  }
  /// Nothing while it is open. not_found: it was never made, or too many have come after it.
  std::optional<result<epoch_id>> outcome_of(std::uint64_t request) const;

  // -- those who look --
  /// State, times, checkpoints and exceptions; and of each task that `into` has, its state.
  void copy_to(job_observation& into, time_point now) const;
  observed_job_state state() const { return state_; }
  bool over() const { return ended_ != not_known; }
  const checkpoint_history& checkpoints() const { return checkpoints_; }
  const std::deque<exception_record>& exceptions() const { return exceptions_; }
  unix_ms time_of_day(time_point at) const;

 private:
  struct task_state {
    observed_task_state state = observed_task_state::created;
    unix_ms since = not_known;
  };
  struct open_failure {
    region_id region;
    time_point at;
    std::uint64_t number = 0;  // of all failures, from 0
  };
  void close_checkpoint(observed_checkpoint_state how, time_point now);

  history_limits limits_;
  unix_ms began_;
  time_point start_{};
  observed_job_state state_ = observed_job_state::created;
  std::vector<std::pair<observed_job_state, unix_ms>> timestamps_;
  unix_ms ended_ = not_known;
  std::optional<error> failure_;
  std::vector<task_state> tasks_;
  checkpoint_history checkpoints_;
  time_point triggered_{};  // the one in progress
  std::optional<time_point> last_ack_;
  std::deque<exception_record> exceptions_;  // newest first
  std::uint64_t failures_ = 0;               // ever
  std::optional<time_point> restarts_at_;
  std::vector<open_failure> open_failures_;  // that have not been recovered from
  checkpoint_requests checkpoints_asked_;
  checkpoint_requests stops_asked_;
  std::uint64_t requests_ = 0;
};

}  // namespace weir
