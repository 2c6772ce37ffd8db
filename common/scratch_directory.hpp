// SPDX-License-Identifier: Apache-2.0
// scratch_directory is a new empty directory that is removed with everything in it: for tests, benchmarks, simulations.
//
// Owner:  whoever made it.
// Errors: std::runtime_error from the constructor.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace weir {

class scratch_directory {
 public:
  /// Below `parent`; its name begins with `prefix`.
  explicit scratch_directory(
      const std::string& prefix = "weir-test-",
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / (prefix + "XXXXXX")).string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace weir
