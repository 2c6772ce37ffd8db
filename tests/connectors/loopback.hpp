// SPDX-License-Identifier: Apache-2.0
// loopback is the peer of a socket source: a listening socket on a port of this machine that the
// kernel chose, or chose before (to come back after an absence).
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string_view>

#include "connectors/unique_fd.hpp"

namespace weir::test {

class loopback {
 public:
  explicit loopback(std::uint16_t port = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket_.get(), any, size) == 0);
    REQUIRE(::listen(socket_.get(), 8) == 0);
    REQUIRE(::getsockname(socket_.get(), any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }
  /// Waits for the peer.
  unique_fd accept() const { return unique_fd(::accept(socket_.get(), nullptr, nullptr)); }

 private:
  unique_fd socket_;
  std::uint16_t port_ = 0;
};

inline void send_text(const unique_fd& socket, std::string_view text) {
  REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

/// Ends a connection the hard way.
inline void reset_connection(unique_fd& socket) {
  const linger at_once{1, 0};
  REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  socket.reset();
}

}  // namespace weir::test
