// SPDX-License-Identifier: Apache-2.0
// breadcrumb_file says, after a process has died without an exception, which records it was processing: a mapped file in
// the state directory with a word for each operator that has a poison policy, in each task. A file without the mark of an
// end in order means that the process before died; only then are breadcrumbs laid (P19).
//
// Owner:      the job, shared with its tasks; each word belongs to one task. lay() and stop() may be called by any.
// Invariants: (1) a word is 0 unless its operator processes a record; (2) the file's blocks are allocated before it is
//             mapped, so that a full disk cannot end the process by a signal.
// Source:     docs/formats.md, section "Breadcrumbs". It outlives the process, not the machine: it is never synced.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/ids.hpp"
#include "weir/core/poison.hpp"
#include "weir/core/record_watch.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// One operator of one task. Slots of a task are in the order in which records pass.
struct breadcrumb_slot {
  task_id task;
  std::string uid;
};

/// A record that was being processed.
struct breadcrumb {
  std::uint64_t uid_hash = 0;  ///< hash_bytes of the operator's name
  record_identity identity = 0;
  attempt_id attempt;
};

class breadcrumb_file {
 public:
  /// What a process left behind that did not end in order, at most one record a task: the one farthest down its chain,
  /// because that is the one whose code ran. Nothing when the last process ended in order or laid no file; a file that
  /// cannot be read has no records.
  static std::optional<std::vector<breadcrumb>> left_in(const std::filesystem::path& directory);

  /// Writes the file anew. `laid`: breadcrumbs are wanted until stop(). Errors: io, no_space.
  static result<std::shared_ptr<breadcrumb_file>> create(const std::filesystem::path& directory,
                                                         std::vector<breadcrumb_slot> slots,
                                                         bool laid);
  /// For a process that has no use for the file.
  static void remove(const std::filesystem::path& directory);

  ~breadcrumb_file();
  breadcrumb_file(const breadcrumb_file&) = delete;
  breadcrumb_file& operator=(const breadcrumb_file&) = delete;

  /// The operator's word; nullptr when breadcrumbs are not wanted.
  record_watch::breadcrumb* lay(task_id task, const std::string& uid, attempt_id attempt);
  /// The next start has nothing to look for. Goes by the mapping, as the directory may be another process's by now.
  void end_in_order();
  void stop() { laid_.store(false, std::memory_order_relaxed); }

 private:
  struct word;
  breadcrumb_file(std::vector<breadcrumb_slot> slots, void* mapped, std::size_t bytes, bool laid);

  std::vector<breadcrumb_slot> slots_;
  void* mapped_;
  std::size_t bytes_;
  std::atomic<bool> laid_;
};

}  // namespace weir
