// SPDX-License-Identifier: Apache-2.0
// scratch_state is a new empty directory for the state of one run (below TMPDIR, or /tmp), removed
// with everything in it.
//
// Owner:  whoever made it; it must outlive the job.
// Errors: std::runtime_error from the constructor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "common/scratch_directory.hpp"

namespace weir::bench {

class scratch_state {
 public:
  /// For the setting state.dir.
  std::string state_dir() const { return (directory_.path() / "state").string(); }
  /// Of all files in it, now.
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    std::error_code ignored;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(directory_.path(), ignored)) {
      if (file.is_regular_file(ignored)) sum += file.file_size(ignored);
    }
    return sum;
  }

 private:
  scratch_directory directory_{"weir-bench-"};
};

}  // namespace weir::bench
