// SPDX-License-Identifier: Apache-2.0
// journal_replay reads a journal's lines from one on, up to those that it holds at the time.
//
// Owner:      a source's lane; calls block. The journal must outlive it.
// Invariants: (1) lines come in order, each once, none is left out: a gap is an error; (2) one
//             segment is in memory at a time.
#pragma once

#include <cstdint>
#include <string>

#include "connectors/journal.hpp"

namespace weir {

struct replayed_lines {
  std::string text;  ///< each line with its LF
  std::uint32_t lines = 0;
};

class journal_replay {
 public:
  journal_replay(const journal& from, std::uint64_t line) : from_(from), line_(line) {}

  /// The next lines, or none when all were read. Errors: corrupt (damage; lines that are missing),
  /// io.
  result<replayed_lines> next();
  std::uint64_t line() const { return line_; }

 private:
  const journal::segment* segment_of(std::uint64_t line) const;
  result<void> load(const journal::segment& of);
  error missing(const std::string& found) const;

  const journal& from_;
  std::uint64_t line_;         // the next to be handed out
  std::uint64_t at_line_ = 0;  // of the next record in bytes_
  journal::segment loaded_;
  std::string bytes_;
  std::size_t offset_ = 0;
};

}  // namespace weir
