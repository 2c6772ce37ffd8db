// SPDX-License-Identifier: Apache-2.0
// scratch_text is a generated word-count text in the system's temporary directory.
//
// Owner:      whoever made it; the file is removed with it.
// Invariants: holds `lines` lines of the text_generator with the given seed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "weir/core/result.hpp"

namespace weir::bench {

class scratch_text {
 public:
  /// Errors: io, no_space when the file cannot be written.
  static result<scratch_text> make(std::uint64_t lines, std::uint64_t seed);
  scratch_text(scratch_text&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  scratch_text& operator=(scratch_text&&) = delete;
  ~scratch_text();

  const std::string& path() const { return path_; }

 private:
  explicit scratch_text(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace weir::bench
