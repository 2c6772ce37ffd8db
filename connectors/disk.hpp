// SPDX-License-Identifier: Apache-2.0
// disk is one directory of append-only files, as the journal needs it. A port, so that tests can
// crash before, inside and after each write and sync, and lose what was not synced.
//
// Owner:      a source's lane; all calls block. Not thread safe.
// Invariants: (1) content is durable after disk_file::sync, an entry that was created or removed
//             after sync_entries; before that a crash may keep any part of it; (2) no call changes
//             a file in place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/result.hpp"

namespace weir {

class disk_file {
 public:
  virtual ~disk_file() = default;
  /// All of it or an error; after an error any part of it may be in the file. Errors: no_space, io.
  virtual result<void> append(std::string_view bytes) = 0;
  virtual result<void> sync() = 0;
};

struct disk_entry {
  std::string name;
  std::uint64_t size = 0;
};

class disk {
 public:
  virtual ~disk() = default;
  /// Of the directory, for messages.
  virtual const std::string& path() const = 0;
  virtual result<std::vector<disk_entry>> list() = 0;
  /// Reads what is there from `offset` on, at most `size` bytes; gives how many.
  virtual result<std::size_t> read(const std::string& name, std::uint64_t offset, char* into,
                                   std::size_t size) = 0;
  /// A new, empty file. Errors: in_use (it exists), no_space, io.
  virtual result<std::unique_ptr<disk_file>> create(const std::string& name) = 0;
  /// Cuts the file to `size` bytes, which is durable with its sync; appends go there.
  virtual result<std::unique_ptr<disk_file>> open(const std::string& name, std::uint64_t size) = 0;
  virtual result<void> remove(const std::string& name) = 0;
  virtual result<void> sync_entries() = 0;
};

}  // namespace weir
