// SPDX-License-Identifier: Apache-2.0
// part_lane is the blocking side of a file_sink: it opens the output directory, claims the intents
// of a restored checkpoint, and does the work that the task has gathered.
//
// Owner:      the sink's lane jobs, one at a time; only stop() may be called from elsewhere.
// Invariants: (1) steps are done in their order, and none is skipped: what waits for space on a
//             disk keeps those behind it waiting; commits do not wait for steps (P17: they need no
//             new space); (2) nothing is written before the restored intents are committed.
// Source:     P17.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/interrupt.hpp"
#include "connectors/part_files.hpp"
#include "weir/core/line_sink.hpp"

namespace weir {

struct sink_step {
  enum class kind : std::uint8_t {
    append,   ///< `text`, whole lines
    roll,     ///< close the file if it is due
    prepare,  ///< close `epoch`; `intents` is what came of it
  };
  kind what = kind::append;
  std::chrono::nanoseconds now{0};
  std::string text;
  epoch_id epoch;
  std::vector<commit_intent> intents;
};

/// Goes to the lane and comes back.
struct sink_work {
  std::vector<commit_intent> commits;
  epoch_id commit_through;  ///< of the newest intent in commits
  std::vector<sink_step> steps;
  // what came of it
  bool committed = false;
  std::size_t steps_done = 0;
  std::uint64_t files_removed = 0;  ///< pending files of dead attempts
  std::optional<error> no_space;    ///< why steps are left, with full_disk::wait
};

/// What a restore told the sink.
struct sink_restore {
  bool fresh = true;
  std::vector<commit_intent> intents;  ///< of all subtasks
};

class part_lane {
 public:
  part_lane(part_files_options options, full_disk when_full, sink_restore restored)
      : options_(std::move(options)), when_full_(when_full), restored_(std::move(restored)) {}

  /// The first call opens. With full_disk::wait a full disk is no error: the call waits 200 ms and
  /// returns with steps left, to be given again, first. Errors: those of part_files; in_use when a
  /// fresh start finds the output of an earlier run.
  result<sink_work> run(sink_work work);
  void stop() noexcept { stop_.raise(); }

 private:
  result<void> open(sink_work& work);
  result<void> check_unused(const part_directory& directory) const;
  result<void> commit(sink_work& work);
  result<void> do_step(sink_step& step);
  result<void> append(const sink_step& step);
  bool is_to_wait_for(const error& failure);
  error explain(error failure) const;

  part_files_options options_;
  full_disk when_full_;
  sink_restore restored_;
  std::optional<part_files> files_;
  interrupt stop_;
};

}  // namespace weir
