// SPDX-License-Identifier: Apache-2.0
// part_storage is the directory of a file sink as the sink needs it. A port, so that a simulation can crash before, inside
// and after each write and sync, and lose what was not synced.
//
// Owner:      a sink's lane; all calls block. Not thread safe; several storages may stand for one directory at a time.
// Invariants: (1) content is durable after part_file::sync, an entry that was created, renamed or removed after sync();
//             before that a crash may keep any part of it, but of a rename either name; (2) no call replaces a file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/result.hpp"

namespace weir {

/// An open pending file.
class part_file {
 public:
  virtual ~part_file() = default;
  /// All of it or an error; after an error any part of it may be in the file. Errors: no_space, io.
  virtual result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  virtual result<void> cut(std::uint64_t size) = 0;
  virtual result<void> sync() = 0;
};

struct part_status {
  bool regular = true;
  std::uint64_t bytes = 0;
  /// The same for two names of one file, within one look at both.
  std::uint64_t device = 0;
  std::uint64_t number = 0;

  bool is(const part_status& other) const {
    return device == other.device && number == other.number;
  }
};

class part_storage {
 public:
  virtual ~part_storage() = default;
  /// Of the directory, for messages.
  virtual const std::string& path() const = 0;
  virtual result<std::vector<std::string>> names() const = 0;
  /// Nothing when there is no such entry.
  virtual result<std::optional<part_status>> look(const std::string& name) const = 0;
  /// A new, empty file. Errors: in_use (it exists), no_space, io.
  virtual result<std::unique_ptr<part_file>> create(const std::string& name) = 0;
  /// False: `to` exists, perhaps as a second name of the same file.
  virtual result<bool> rename(const std::string& from, const std::string& to) = 0;
  /// False: there is no such entry.
  virtual result<bool> remove(const std::string& name) = 0;
  /// Makes the directory's entries durable.
  virtual result<void> sync() = 0;
};

}  // namespace weir
