// SPDX-License-Identifier: Apache-2.0
// job_machine decides everything about one running job: attempts of its regions, checkpoints, commits, recovery, its end.
// It is driven by what the supervisor, the store and the clock report, and acts through job_effects.
//
//   a region: rolling back --all rolled_back, delay over--> restoring --all restored--> running
//             any of these --a task failed--> rolling back (attempt + 1)               (P13)
//   the job:  running --all tasks finishing, a later epoch committed--> finished (P16);  gives up -> failed
//             running --asked to stop, an epoch behind which sources read nothing committed--> finished
//
// Owner:      the coordinator's actor. No clock, disk, network or thread.
// Invariants: (1) records flow in a region only between `resume` and the next `roll_back` of it; (2) an epoch is
//             triggered only while every region runs, and never twice (P5); (3) while the store writes a manifest, no
//             region is restored: what that epoch comes to decides from where (P12); (4) commit n is sent only when n is
//             complete, and repeated until confirmed (P17).
// Source:     PROTOCOL rules P5, P7, P8, P12, P13, P15 to P17, P19.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/log.hpp"
#include "coordinator/checkpoint_scheduler.hpp"
#include "coordinator/job_history.hpp"
#include "coordinator/number_block.hpp"
#include "coordinator/pending_checkpoint.hpp"
#include "coordinator/poison_ledger.hpp"
#include "coordinator/restart_strategy.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_restore.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// What the machine does to the world.
class job_effects {
 public:
  virtual ~job_effects() = default;
  virtual void roll_back(attempt_id attempt, const std::vector<task_id>& tasks) = 0;
  virtual void restore(attempt_id attempt, task_id task, task_restore from) = 0;
  virtual void resume(attempt_id attempt, const std::vector<task_id>& tasks) = 0;
  virtual void trigger(epoch_id epoch) = 0;
  /// The same; sources read no more behind this marker, unless the epoch is aborted.
  virtual void trigger_last(epoch_id epoch) = 0;
  virtual void abort(epoch_id epoch) = 0;
  virtual void commit(epoch_id epoch, const std::vector<task_id>& tasks) = 0;
  virtual void write_manifest(manifest complete) = 0;
  virtual void abandon(epoch_id epoch) = 0;
  virtual void reserve_epochs() = 0;
  virtual void reserve_attempts() = 0;
  /// Before anything that is written later: what is known of poison records (P19).
  virtual void keep_poison(byte_vector) {}
  /// How far each task is with the snapshot of this epoch, for the story of its failure.
  virtual std::vector<task_progress> progress_of(epoch_id) { return {}; }
  /// The job is over; tasks are to be ended.
  virtual void ended(std::optional<error> failure) = 0;
  /// A number in [0, 1), for jitter.
  virtual double random() = 0;
};

struct job_machine_options {
  std::string job;
  std::string build;
  std::shared_ptr<const plan> physical;
  checkpoint_settings checkpoints;
  restart_settings restarts;
  fence_id fence;
  number_block<epoch_id> epochs;
  number_block<attempt_id> attempts;
  manifest restore_from;  ///< epoch 0 with no tasks: a fresh start (P5)
  poison_ledger poison{};
  std::shared_ptr<job_history> history = std::make_shared<job_history>();
};

struct job_counters {
  epoch_id last_completed;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t restarts = 0;
  std::chrono::nanoseconds last_restart{};
  bool restarting = false;
};

class job_machine {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  job_machine(job_machine_options options, job_effects& effects);
  const job_history& history() const { return *options_.history; }

  void start(time_point now);
  void on_rolled_back(task_id task, attempt_id attempt, time_point now);
  void on_restored(task_id task, attempt_id attempt, time_point now);
  /// `kill`: the record on which an operator with a poison policy failed.
  void on_task_failed(task_id task, attempt_id attempt, const error& why, time_point now,
                      const record_kill* kill = nullptr);
  void on_record_skipped(task_id task, attempt_id attempt, const std::string& uid,
                         record_identity which, time_point now);
  void on_finishing(task_id task, attempt_id attempt, time_point now);
  void on_ack(task_ack ack, time_point now);
  void on_decline(const task_decline& decline, time_point now);
  void on_progress(const task_progress& progress, time_point now);
  /// The store could not take a chunk: the checkpoint fails.
  void on_store_failed(epoch_id epoch, const error& why, time_point now);
  void on_manifest_written(epoch_id epoch, result<void> outcome, time_point now);
  void on_committed(task_id task, epoch_id epoch, time_point now);
  void on_epochs_reserved(epoch_id first, std::uint64_t count, time_point now);
  void on_attempts_reserved(attempt_id first, std::uint64_t count, time_point now);
  void on_time(time_point now);
  /// Someone waits in the history's checkpoints_asked().
  void on_checkpoint_asked(time_point now);
  /// Someone waits in the history's stops_asked(): the job is to end with a final checkpoint.
  void on_stop_asked(time_point now);
  void cancel(time_point now);
  /// The job cannot go on, for a reason outside of its tasks.
  void fail(error why, time_point now);

  /// When on_time() wants to be called next.
  time_point next_time(time_point now) const;
  const job_counters& counters() const { return counters_; }
  bool over() const { return over_; }

 private:
  enum class phase : std::uint8_t { waiting, rolling_back, restoring, running };
  struct region_state {
    region_id id;
    phase what = phase::waiting;
    attempt_id attempt;
    std::vector<task_id> tasks;
    std::set<task_id> outstanding;
    std::optional<time_point> restart_at;
    std::optional<time_point> failed_at;
    bool wants_attempt = false;
    std::string cause;
  };
  struct open_commit {
    epoch_id epoch;
    std::set<task_id> outstanding;
    bool ends_job = false;
    time_point sent;
  };

  region_state& region_of(task_id task);
  bool all_running() const;
  void begin_attempt(region_state& region, time_point now);
  void restore_region(region_state& region, time_point now);
  void restore_waiting_regions(time_point now);
  void show_tasks(const region_state& region, observed_task_state state, time_point now);
  void region_resumed(region_state& region, time_point now);
  /// When the region is restored after a failure; nothing when the job has failed instead.
  std::optional<std::chrono::nanoseconds> delay_after(const error& why, const std::string& cause,
                                                      time_point now);
  std::optional<std::chrono::nanoseconds> delay_after_kill(const record_kill& kill,
                                                           attempt_id attempt, const error& why,
                                                           const std::string& cause,
                                                           time_point now);
  void reopen_convictions(const region_state& region);
  std::vector<poison_list> convictions_at(task_id task) const;
  const poison_rule* rule_of(const std::string& uid) const;
  void stop_checkpoints(const std::string& why, time_point now);
  void start_checkpoint_now(checkpoint_kind kind, time_point now);
  void fail_checkpoint(const checkpoint_failure& failure, time_point now);
  void seal(time_point now);
  void advance_checkpoints(time_point now);
  void request_final_if_ending();
  bool all_finishing() const;
  void bear_failed_checkpoint(epoch_id epoch, const std::string& why, time_point now);
  void end_failed(error why, time_point now);
  void end(observed_job_state how, std::optional<error> failure, time_point now);
  void commit_all(epoch_id epoch, bool ends_job, time_point now);
  std::vector<attempt_id> attempts() const;
  std::vector<expected_task> expected_tasks() const;
  manifest manifest_head() const;

  job_machine_options options_;
  job_effects& effects_;
  logger log_;
  checkpoint_scheduler scheduler_;
  restart_strategy strategy_;
  std::vector<region_state> regions_;
  std::optional<pending_checkpoint> pending_;
  bool pending_ends_job_ =
      false;               // nothing comes behind it: all tasks were finishing, or sources stop
  bool stopping_ = false;  // a final checkpoint is to end the job
  std::optional<manifest> writing_;  // sealed: with the store
  bool writing_ends_job_ = false;
  std::chrono::nanoseconds writing_duration_{};
  std::uint64_t writing_bytes_ = 0;
  std::map<epoch_id, manifest> bases_;  // complete ones that deltas may refer to (P10)
  manifest last_;                       // newest complete one: where recovery starts
  std::set<task_id> finishing_;
  std::optional<open_commit> commit_;
  epoch_id triggered_;  // newest
  job_counters counters_;
  bool over_ = false;
};

}  // namespace weir
