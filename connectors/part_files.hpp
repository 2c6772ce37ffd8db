// SPDX-License-Identifier: Apache-2.0
// part_files is the core of the exactly-once file sink of one subtask: it writes pending files,
// prepares those of an epoch at its marker, and makes them visible when the epoch's checkpoint is
// complete.
//
// Order of calls: open, recover (once, at a restore), commit of what recover gave, then append /
// on_time in any number, prepare at each marker, commit whenever a completion comes. The caller
// keeps the intents of prepare until their commit succeeded, and puts those still open in every
// snapshot (P11, P17), as union list state: every subtask is given all of them at a restore. No
// call closes over an epoch: an abort discards nothing.
//
// Owner:      a sink's lane; all calls block. Not thread safe. Time comes in from outside.
// Invariants: (1) an append is in one file, whole or not at all; (2) when prepare returns, its
// files and the directory
//             are durable; (3) a file is visible only if commit was told to; (4) no file is ever
//             replaced; (5) after a failed sync nothing is prepared again: the pages may be lost,
//             only a rollback knows the truth.
// Source:     P17; docs/checkpointing.md, sinks. The sync rule: Rebello et al. 2020, Can
// Applications Recover from fsync
//             Failures?
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/part_directory.hpp"

namespace weir {

struct part_files_options {
  std::string directory;
  std::shared_ptr<part_storage> storage;  ///< nullptr: the directory of the file system
  sink_identity sink;
  sink_share share;
  attempt_id attempt;
  /// A file that would pass this is closed first; one append may be longer. 128 MiB: a block of the
  /// usual file systems for analysis.
  std::uint64_t roll_bytes = std::uint64_t{128} << 20;
  /// A file is closed this long after its first byte; 0 means never. It becomes visible at a commit
  /// all the same.
  std::chrono::nanoseconds roll_after = std::chrono::seconds(60);
};

struct recovered_parts {
  std::vector<commit_intent>
      claimed;                ///< of all intents, those that this subtask commits and carries on
  std::uint64_t removed = 0;  ///< pending files of dead attempts that were deleted
};

struct part_counters {
  std::uint64_t files = 0;      ///< pending files created
  std::uint64_t bytes = 0;      ///< appended
  std::uint64_t committed = 0;  ///< intents whose commit succeeded
};

class part_files {
 public:
  /// Errors: invalid_argument (directory, prefix or uid not usable), no_space, io.
  static result<part_files> open(part_files_options options);

  /// Splits the intents of a restored checkpoint among the subtasks, and deletes pending files of
  /// older attempts that none of them names. `all` must be the intents of every subtask of the
  /// sink.
  result<recovered_parts> recover(std::span<const commit_intent> all) const;

  /// Adds whole records to the pending file. After an error nothing of them counts: call it again
  /// with the same bytes (no_space: when there is space again, if the sink's policy is to wait), or
  /// fail.
  result<void> append(std::string_view records, std::chrono::nanoseconds now);
  /// Rolls by time when nothing is appended.
  result<void> on_time(std::chrono::nanoseconds now);
  /// Closes the epoch: everything appended since the last prepare is durable, in files that the
  /// intents name. Without records there are no files. Epochs ascend.
  result<std::vector<commit_intent>> prepare(epoch_id epoch);
  /// See part_directory::commit. Any subtask may commit any intent of the sink.
  result<void> commit(std::span<const commit_intent> intents);

  /// Bytes appended since the last prepare.
  std::uint64_t open_bytes() const;
  const part_counters& counters() const { return counters_; }
  const part_directory& directory() const { return directory_; }

 private:
  struct pending_file {
    std::string name;
    std::uint64_t bytes = 0;
  };
  part_files(part_files_options options, part_directory directory)
      : options_(std::move(options)), directory_(std::move(directory)) {}
  result<void> start_file(std::chrono::nanoseconds now);
  result<void> write_all(std::string_view records);
  result<void> close_file();
  bool is_due(std::chrono::nanoseconds now) const;

  // set once
  part_files_options options_;
  part_directory directory_;
  // the open file; none when file_ is empty
  std::unique_ptr<part_file> file_;
  pending_file current_;
  std::chrono::nanoseconds opened_at_{0};
  bool tail_dirty_ = false;  ///< bytes of a failed append may lie behind current_.bytes
  // the epoch
  std::vector<pending_file> closed_;  ///< durable files of the open epoch
  std::uint64_t next_number_ = 0;     ///< of the next pending file
  std::optional<epoch_id> prepared_;  ///< the last epoch
  std::optional<error> broken_;       ///< what a failed sync said
  part_counters counters_;
};

}  // namespace weir
