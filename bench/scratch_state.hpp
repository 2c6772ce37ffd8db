// SPDX-License-Identifier: Apache-2.0
// scratch_state is a new empty directory for the state of one run (below TMPDIR, or /tmp), removed
// with everything in it.
//
// Owner:  whoever made it; it must outlive the job.
// Errors: std::runtime_error from the constructor.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace weir::bench {

class scratch_state {
 public:
  scratch_state() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~scratch_state() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_state(const scratch_state&) = delete;
  scratch_state& operator=(const scratch_state&) = delete;

  /// For the setting state.dir.
  std::string state_dir() const { return (path_ / "state").string(); }
  /// Of all files in it, now.
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    std::error_code ignored;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path_, ignored)) {
      if (file.is_regular_file(ignored)) sum += file.file_size(ignored);
    }
    return sum;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace weir::bench
