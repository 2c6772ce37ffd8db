// SPDX-License-Identifier: Apache-2.0
// trigger_table remembers what was asked for and answers later: checkpoints and stops under the ids that callers poll.
// A caller may choose the id, so that repeating a request whose answer was lost does nothing twice.
//
// Owner:      the router, on the server's thread.
// Invariants: (1) an id is begun once while it is kept; (2) at most `triggers_max` are kept; those in progress are not
//             forgotten; (3) what is over is kept for the time of rest.async.store-duration.
// Errors:     limit when all that are kept are in progress.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "coordinator/job_observation.hpp"
#include "weir/core/result.hpp"

namespace weir::rest {

enum class trigger_kind : std::uint8_t { checkpoint, stop };

class trigger_table {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t triggers_max = 64;

  trigger_table(job_controls& job, clock::duration keep) : job_(job), keep_(keep) {}

  /// Begins it, unless this id has begun already. Errors: limit; invalid_argument when the id is of another kind.
  result<void> begin(const std::string& id, trigger_kind kind, clock::time_point now);

  struct outcome {
    std::optional<result<epoch_id>> ended;  ///< nothing: in progress
  };
  /// Nothing when no such trigger is known.
  std::optional<outcome> find(const std::string& id, trigger_kind kind, clock::time_point now);

  /// How many have not been found over yet. Any thread.
  std::size_t unanswered() const { return unanswered_.load(std::memory_order_relaxed); }

 private:
  struct entry {
    trigger_kind kind = trigger_kind::checkpoint;
    std::uint64_t request = 0;
    std::optional<result<epoch_id>> ended;
    clock::time_point ended_at;
    bool told = false;
  };
  using entries = std::map<std::string, entry>;
  void look(clock::time_point now);
  entries::iterator forget(entries::iterator at);
  bool make_room();

  job_controls& job_;
  clock::duration keep_;
  entries entries_;
  std::atomic<std::size_t> unanswered_{0};
};

}  // namespace weir::rest
