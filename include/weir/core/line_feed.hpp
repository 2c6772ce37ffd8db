// SPDX-License-Identifier: Apache-2.0
// line_feed is a source of text lines as the typed readers see it: file_lines and socket_lines implement it in
// connectors/. It reads ahead on its task's lane, so that next() never blocks.
//
// Owner:      the source task.
// Invariants: a line counts as read, for the positions in a snapshot, as soon as next() has returned it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/unit.hpp"

namespace weir {

/// What to do with a line that is longer than the bound.
enum class long_line : std::uint8_t {
  truncate,  ///< keep its first `line_bytes_max` bytes
  skip,      ///< drop it
  fail,      ///< end the task with an error that names the place
};

class line_feed : public operator_part {
 public:
  using operator_part::operator_part;

  enum class outcome : std::uint8_t {
    line,     ///< `line` is valid until the next call
    starved,  ///< nothing now; the host is woken when there is
    ended,    ///< there will never be more
  };
  virtual void attach(unit_host& host) = 0;
  virtual void open() = 0;
  virtual outcome next(std::string_view& line) = 0;
  /// In bytes.
  virtual source_progress progress() const { return {}; }
  virtual void close() = 0;
};

struct file_lines_options {
  std::vector<std::string>
      paths;  ///< files, or directories whose regular files are read in the order of their names
  std::uint64_t split_bytes = 64u << 20;
  std::uint32_t line_bytes_max = 1u << 20;
  long_line too_long = long_line::truncate;
};
std::unique_ptr<line_feed> make_file_lines(std::string uid, file_lines_options options);

struct socket_lines_options {
  std::string host;
  std::uint16_t port = 0;
  std::uint32_t line_bytes_max = 1u << 20;
  long_line too_long = long_line::truncate;
  std::uint32_t connect_timeout_ms = 5'000;
  /// When the peer closes the connection: end the stream (like nc), or connect again, for ever, with backoff.
  bool reconnect = true;
};
std::unique_ptr<line_feed> make_socket_lines(std::string uid, socket_lines_options options);

/// Whether a journaled source asks its peer to go on at the first line that the journal lacks (docs/formats.md).
enum class handshake : std::uint8_t {
  off,       ///< nothing is sent, and every line that comes is data
  offered,   ///< a peer that does not answer is taken as it is, unless it has answered before
  required,  ///< a peer that does not answer is refused
};

struct journal_options {
  std::string directory;  ///< empty: `journal/<operator>` in the job's state directory
  handshake with_peer = handshake::offered;
  /// Lines become durable in groups: a line waits for others so long, and a group has so many bytes, at most.
  std::chrono::microseconds sync_delay{2'000};
  std::uint32_t sync_bytes = 1u << 20;
  /// A file of the journal takes no more groups when it is so long.
  std::uint64_t segment_bytes = 16u << 20;
};
std::unique_ptr<line_feed> make_journaled_socket_lines(std::string uid, socket_lines_options socket,
                                                       journal_options journal);

}  // namespace weir
