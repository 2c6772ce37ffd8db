// SPDX-License-Identifier: Apache-2.0
// state_directory is one process's exclusive hold of the directory that keeps a job's durable
// state.
//
// Owner:      whoever opened it; the hold lasts as long as the object and ends with the process,
//             however it ends.
// Invariants: at most one state_directory of a path exists on the machine (flock on the file `lock`
//             inside).
// Source:     docs/formats.md, section "State directory".
#pragma once

#include <filesystem>

#include "weir/core/result.hpp"

namespace weir {

class state_directory {
 public:
  /// Creates the directory if it does not exist, and locks it.
  /// Errors: in_use (names the directory and the holder's pid), io.
  static result<state_directory> open(const std::filesystem::path& path);

  state_directory(state_directory&& other) noexcept;
  state_directory& operator=(state_directory&& other) noexcept;
  ~state_directory();

  const std::filesystem::path& path() const { return path_; }

 private:
  state_directory(std::filesystem::path path, int lock_fd);

  std::filesystem::path path_;
  int lock_fd_ = -1;
};

/// Makes the entries of a directory (names of files just created or renamed) durable.
result<void> sync_directory(const std::filesystem::path& path);

}  // namespace weir
