// SPDX-License-Identifier: Apache-2.0
// socket_reader is the reading end of one TCP connection to a peer that sends a stream of bytes.
//
// A wait ends early when the interrupt descriptor (an eventfd, or a pipe's reading end) becomes
// readable; it is only looked at, never read, so that one signal ends every wait until its owner
// clears it. What is not interruptible is the look-up of a host name, which the C library bounds by
// its own timeouts (/etc/resolv.conf).
//
// Owner:      a source's lane; its calls block. Not thread safe; another thread may signal the
// interrupt at any time. Invariants: no call waits longer than its timeout (plus the look-up of the
// name). Not here:   reconnecting (see backoff) and what to do with a line that the disconnect cut
// (partial_line_policy).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/unique_fd.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct socket_peer {
  std::string host;  ///< name, IPv4 or IPv6 address (without brackets)
  std::uint16_t port = 0;

  /// "127.0.0.1:9999", "[::1]:9999"
  std::string text() const;
};

enum class socket_event : std::uint8_t {
  bytes,        ///< size > 0 bytes were read
  timeout,      ///< nothing came in time; the connection is still open
  closed,       ///< the peer ended the stream in order; nothing will follow
  interrupted,  ///< the interrupt descriptor is readable
};

struct socket_input {
  socket_event event = socket_event::timeout;
  std::size_t size = 0;
};

class socket_reader {
 public:
  /// Connects, trying the host's addresses in turn; `timeout` bounds all of them together.
  /// `interrupt_fd` is -1 or open for as long as the reader lives; an interrupt gives the code
  /// in_use ("interrupted"), which the caller expects. Errors: connection, timeout (both mean: try
  /// again), invalid_argument (port 0, empty host), limit (descriptors), io.
  static result<socket_reader> connect(const socket_peer& peer, std::chrono::milliseconds timeout,
                                       int interrupt_fd = -1);

  /// Waits up to `timeout` for bytes and reads what is there, at most `capacity` (at least 1).
  /// Timeout 0 only looks. Errors: connection (reset, unreachable, silent for so long that
  /// keep-alive gave it up), io.
  result<socket_input> read(char* buffer, std::size_t capacity, std::chrono::milliseconds timeout);

  /// Hands bytes to the kernel, as many as it takes without waiting; gives how many. A connection
  /// that is gone takes none: the next read says why.
  std::size_t send(std::string_view bytes) noexcept;

  const socket_peer& peer() const { return peer_; }

 private:
  socket_reader(socket_peer peer, unique_fd socket, int interrupt_fd)
      : peer_(std::move(peer)), socket_(std::move(socket)), interrupt_fd_(interrupt_fd) {}

  socket_peer peer_;
  unique_fd socket_;
  int interrupt_fd_ = -1;
};

}  // namespace weir
