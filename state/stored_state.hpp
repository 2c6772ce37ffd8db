// SPDX-License-Identifier: Apache-2.0
// stored_state is a state directory opened by somebody who looks at it from outside: a tool, or a program that asks whether
// it would fit. Nothing in the directory is created, locked or written, so that it may be a running job's.
//
// Owner:      one thread.
// Invariants: (1) not a byte of the directory changes; (2) what the store lists was complete at one moment. A running job
//             may remove it afterwards: a read that fails then says so (explain).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "state/lmdb_reader.hpp"
#include "state/snapshot_store.hpp"
#include "weir/core/result.hpp"

namespace weir {

class stored_state {
 public:
  /// Errors: not_found (there is no state), corrupt, incompatible (a newer format), io, in_use (lmdb_reader).
  static result<stored_state> open(const std::filesystem::path& directory);

  /// Opens the directory and calls look, again when a running job took away what it read (in_use); a bounded number of
  /// times. Errors: those of open() and of look.
  static result<int> look_at(const std::filesystem::path& directory,
                             const std::function<result<int>(stored_state&)>& look);

  const std::string& job() const { return store_->job(); }
  const std::filesystem::path& directory() const { return directory_; }
  /// For reading: whatever would write returns invalid_argument.
  snapshot_store& store() { return *store_; }
  const snapshot_store& store() const { return *store_; }

  /// Copies these chunks to memory, so that a running job cannot take them away any more. When they are more than `bytes_max`,
  /// none is copied. Errors: in_use, when it has done so already; what is damaged shows when it is read.
  result<void> hold(const std::vector<chunk_ref>& chunks, std::uint64_t bytes_max);

  const lmdb_content& file() const { return table_->content(); }
  /// Numbers of blobs that no readable manifest names: what a crash or an abort left, until the next commit.
  std::vector<std::uint64_t> orphans() const;
  /// Whether the ledger of poison records can be read; a restart counts a damaged one as absent.
  result<void> check_poison() const;
  /// A running job has committed since; what cannot be read may only have been replaced.
  bool has_moved_on() const { return table_->has_moved_on(); }
  /// An error while reading: the running job's doing, if it has moved on.
  error explain(error failure) const;

 private:
  stored_state(std::filesystem::path directory, lmdb_reader* table,
               std::unique_ptr<snapshot_store> store);

  std::filesystem::path directory_;
  lmdb_reader* table_;  // the store's
  std::unique_ptr<snapshot_store> store_;
};

}  // namespace weir
