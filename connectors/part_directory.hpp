// SPDX-License-Identifier: Apache-2.0
// part_directory is the output directory of a file sink: it creates pending files, makes prepared
// ones visible by a rename that never replaces a file, and clears away what dead attempts left
// behind.
//
// Owner:      a sink's lane; all calls block. Not thread safe; several of them may work on one
// directory at a time. Invariants: (1) no call replaces or deletes a file that is not a pending
// file of this sink; (2) what a call reports as
//             done is durable, but for create_pending and remove_pending; (3) commit is idempotent
//             (P17).
// Source:     P17; docs/checkpointing.md, sinks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connectors/part_names.hpp"
#include "connectors/part_storage.hpp"

namespace weir {

/// Which share of the cleaning up a subtask does: leftovers of subtask i belong to i % parallelism,
/// so that those of subtasks which no longer exist have an owner too.
struct sink_share {
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 1;
  bool covers(std::uint32_t other) const { return other % parallelism == subtask; }
};

class part_directory {
 public:
  /// Opens the directory, making it (and its parents) durably when it is missing.
  /// Errors: invalid_argument (not a directory, not writable), no_space, io.
  static result<part_directory> open(const std::string& path);
  /// On another storage than the file system's.
  explicit part_directory(std::shared_ptr<part_storage> storage) : storage_(std::move(storage)) {}

  /// Creates an empty pending file. in_use when it exists: another process runs the same attempt.
  result<std::unique_ptr<part_file>> create_pending(const std::string& name) const;
  /// Deletes a pending file; one that is gone already is fine. Durable with the next sync.
  result<void> remove_pending(const std::string& name) const;
  /// Makes the directory's entries durable.
  result<void> sync() const;

  /// Makes prepared files visible, all or up to the first error; repeat it after an error. Done
  /// before: fine. Errors: in_use (final and pending name both exist: another run or sink wrote the
  /// final one), corrupt (neither exists, or a size differs from the intent's), io, no_space.
  result<void> commit(std::span<const commit_intent> intents) const;

  /// Deletes the pending files of `sink` in `share` that older attempts than `attempt` left, except
  /// those that an intent of `keep` names. `keep` has to hold the intents of all subtasks, or
  /// prepared output is lost. Gives their number.
  result<std::uint64_t> remove_leftovers(const sink_identity& sink, sink_share share,
                                         attempt_id attempt,
                                         std::span<const commit_intent> keep) const;

  /// The visible parts with this prefix, in order of their names: what was released, for P18 and
  /// for refusing to mix the output of two runs.
  result<std::vector<final_part>> visible_parts(const std::string& prefix) const;

  const std::string& path() const { return storage_->path(); }

 private:
  result<void> commit_one(const commit_intent& intent) const;
  result<void> finish_found(const commit_intent& intent) const;

  std::shared_ptr<part_storage> storage_;
};

}  // namespace weir
