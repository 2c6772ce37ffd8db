// SPDX-License-Identifier: Apache-2.0
// line_sink is a sink of text as the typed units see it: print_sink and file_sink implement it in connectors/. It writes
// on its task's lane; the task only appends to a buffer.
//
// Owner:      the sink task.
// Invariants: bytes under way to the lane are bounded; ready() is false beyond the bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/core/unit.hpp"

namespace weir {

class line_sink : public operator_part {
 public:
  using operator_part::operator_part;

  virtual void attach(unit_host& host) = 0;
  virtual void open() = 0;
  /// Append whole lines here, then call written().
  virtual std::string& buffer() = 0;
  virtual void written() = 0;
  /// Hands on what is buffered (the task is idle).
  virtual void flush() = 0;
  virtual bool ready() const = 0;
  virtual void close() = 0;
};

/// What a file_sink does when its disk is full.
enum class full_disk : std::uint8_t { fail, wait };

class part_storage;

struct file_sink_options {
  std::string directory;
  std::string prefix = "part";
  std::uint64_t roll_bytes = 128u << 20;
  std::uint32_t roll_ms = 60'000;
  full_disk when_full = full_disk::fail;
  /// Something else than the file system to write to (a simulation's); nullptr: the directory.
  std::shared_ptr<part_storage> storage;
};
std::unique_ptr<line_sink> make_file_sink(std::string uid, file_sink_options options);
std::unique_ptr<line_sink> make_print_sink(std::string uid);

}  // namespace weir
