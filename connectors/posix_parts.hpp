// SPDX-License-Identifier: Apache-2.0
// posix_parts is a directory of the file system as a file sink's storage.
//
// Owner:      as part_storage.
// Invariants: those of part_storage.
#pragma once

#include "connectors/part_storage.hpp"
#include "connectors/unique_fd.hpp"

namespace weir {

class posix_parts final : public part_storage {
 public:
  /// Opens the directory, making it (and its parents) durably when it is missing.
  /// Errors: invalid_argument (not a directory, not writable), no_space, io.
  static result<std::unique_ptr<part_storage>> open(const std::string& path);

  const std::string& path() const override { return path_; }
  result<std::vector<std::string>> names() const override;
  result<std::optional<part_status>> look(const std::string& name) const override;
  result<std::unique_ptr<part_file>> create(const std::string& name) override;
  result<bool> rename(const std::string& from, const std::string& to) override;
  result<bool> remove(const std::string& name) override;
  result<void> sync() override;

 private:
  posix_parts(std::string path, unique_fd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  error failed(const std::string& verb, const std::string& name, int number) const;

  std::string path_;
  unique_fd directory_;
};

}  // namespace weir
