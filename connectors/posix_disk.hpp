// SPDX-License-Identifier: Apache-2.0
// posix_disk is a directory of the file system as a disk. It holds a lock on the directory, so that
// two processes never write to one journal.
//
// Owner:      as disk.
// Invariants: the lock is held for as long as the object lives.
#pragma once

#include "connectors/disk.hpp"
#include "connectors/unique_fd.hpp"

namespace weir {

class posix_disk final : public disk {
 public:
  /// Opens the directory, making it (and its parents) durably when it is missing. Errors: in_use
  /// (somebody holds the lock), invalid_argument (not a directory, not writable), no_space, io.
  static result<std::unique_ptr<disk>> open(const std::string& path);

  const std::string& path() const override { return path_; }
  result<std::vector<disk_entry>> list() override;
  result<std::size_t> read(const std::string& name, std::uint64_t offset, char* into,
                           std::size_t size) override;
  result<std::unique_ptr<disk_file>> create(const std::string& name) override;
  result<std::unique_ptr<disk_file>> open(const std::string& name, std::uint64_t size) override;
  result<void> remove(const std::string& name) override;
  result<void> sync_entries() override;

 private:
  posix_disk(std::string path, unique_fd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  std::string path_;
  unique_fd directory_;
};

}  // namespace weir
