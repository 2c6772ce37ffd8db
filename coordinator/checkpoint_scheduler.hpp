// SPDX-License-Identifier: Apache-2.0
// checkpoint_scheduler decides when the next checkpoint is triggered, when the one in progress has
// taken too long, and when so many have failed in a row that the job fails.
//
//   stopped --on_resumed--> idle --on_started--> running --on_sealed--> sealed
//      ^                     ^                      |                     |
//      |                     +--- on_completed, on_failed, on_aborted ----+
//      +---- on_stopped, from every state
//
// Owner:      the coordinator. Not thread safe; times are passed in and do not go back.
// Invariants: (1) at most one checkpoint is in progress (P8); (2) nothing is triggered while
//             stopped (P13); (3) a periodic one starts no earlier than interval after the start and
//             min_pause after the end of the one before; (4) a request for the final one stands
//             until a checkpoint begun after it has completed (P16), or the tasks are rolled back.
// Source:     P8, P16; Flink's execution.checkpointing.*.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "coordinator/checkpoint_settings.hpp"
#include "serialization/manifest.hpp"
#include "weir/core/ids.hpp"

namespace weir {

/// Trigger a checkpoint now and call on_started with its epoch before the next next().
struct start_checkpoint {
  checkpoint_kind kind;
};

/// The checkpoint in progress has taken too long: fail it, abort it at the tasks, and call
/// on_failed.
struct expire_checkpoint {
  epoch_id epoch;
};

/// Nothing to do before this time (absent: before something happens); then call next() again.
struct wait_until {
  std::optional<std::chrono::steady_clock::time_point> time;
};

using scheduler_step = std::variant<start_checkpoint, expire_checkpoint, wait_until>;

/// More checkpoints have failed in a row than are tolerable; the story tells each, or the first and
/// the last ones.
struct too_many_failures {
  std::string story;
};

class checkpoint_scheduler {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Stopped at first.
  explicit checkpoint_scheduler(const checkpoint_settings& settings) : settings_(settings) {}

  /// All tasks run: checkpoints may be taken; the first periodic one after `interval`.
  void on_resumed(time_point now);
  /// The next periodic checkpoint is due at once, as far as the pause allows. No effect when they are off.
  void hasten(time_point now);
  /// The tasks are being rolled back or stopped: the checkpoint in progress is forgotten and not
  /// counted as failed, and so are requests (a task that finishes again asks again).
  void on_stopped();

  /// Asks for a final checkpoint or a savepoint, which waits neither for the interval nor for the
  /// pause. A savepoint is tried once: whoever asked learns of its failure and decides.
  void request(checkpoint_kind kind);
  /// Asks for an ordinary checkpoint in the same way; whichever begins next serves it.
  void request_now() { now_requested_ = true; }
  /// The final one is not wanted any more.
  void withdraw_final() { final_requested_ = false; }

  /// What to do now. Changes nothing.
  scheduler_step next(time_point now) const;

  void on_started(epoch_id epoch, time_point now);
  /// Every task has acked and the manifest is with the store, whose answer alone decides now: no
  /// timeout any more.
  void on_sealed(epoch_id epoch);
  void on_completed(epoch_id epoch, time_point now);
  /// Any failure, a declined one too (P8). `reason` names the checkpoint, as
  /// checkpoint_failure::reason does.
  [[nodiscard]] std::optional<too_many_failures> on_failed(epoch_id epoch, time_point now,
                                                           std::string_view reason);
  /// Ended for a reason that says nothing about checkpoints; not counted.
  void on_aborted(epoch_id epoch, time_point now);

  std::optional<epoch_id> in_progress() const;
  std::uint64_t failures_in_a_row() const { return failures_; }

 private:
  struct running_checkpoint {
    epoch_id epoch;
    checkpoint_kind kind;
    time_point started;
    bool sealed = false;
    bool serves_final = false;  // the final one had been asked for when it began
  };
  void end(epoch_id epoch, time_point now);
  time_point periodic_due() const;
  std::string story(time_point now) const;

  checkpoint_settings settings_;
  bool stopped_ = true;
  bool final_requested_ = false;
  bool savepoint_requested_ = false;
  bool now_requested_ = false;
  std::optional<running_checkpoint> running_;
  time_point interval_from_{};              // the last start, or on_resumed
  std::optional<time_point> last_end_;      // since on_resumed
  std::optional<time_point> last_failure_;  // the last one failed, then

  std::uint64_t failures_ = 0;  // in a row
  time_point first_failed_at_{};
  std::string first_failed_;
  std::deque<std::string> last_failed_;  // without the first; at most a few, newest last
};

}  // namespace weir
