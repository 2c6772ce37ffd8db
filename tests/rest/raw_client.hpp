// SPDX-License-Identifier: Apache-2.0
// raw_client is a TCP connection on which a test sends what it likes; and a server with a handler that echoes, or stands
// still until it is told to go on.
//
// Owner:      a test case.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rest/server.hpp"

namespace weir::rest {

/// A TCP connection to the loopback, closed with the object.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  raw_client(raw_client&& other) noexcept
      : connected(other.connected), socket_(std::exchange(other.socket_, -1)) {}
  ~raw_client() {
    if (socket_ >= 0) close(socket_);
  }
  void send(const std::string& bytes) const {
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// All that comes until the server closes, or until `until` has come.
  std::string receive(const std::string& until = "\1") const {
    std::string all;
    std::vector<char> bytes(1 << 16);
    pollfd wait{socket_, POLLIN, 0};
    std::size_t looked = 0;  // at what comes before there is no need to look again
    while (all.find(until, looked) == all.npos && poll(&wait, 1, 20'000) == 1) {
      looked = all.size() - std::min(all.size(), until.size());
      const auto taken = recv(socket_, bytes.data(), bytes.size(), 0);
      ended = taken < 0 ? errno : 0;
      closed = taken <= 0;
      if (closed) break;
      all.append(bytes.data(), static_cast<std::size_t>(taken));
    }
    return all;
  }

  /// Looks for so long whether the server has closed.
  bool closed_within(std::chrono::milliseconds time) const {
    pollfd wait{socket_, POLLIN, 0};
    char byte = 0;
    closed = poll(&wait, 1, static_cast<int>(time.count())) == 1 && recv(socket_, &byte, 1, 0) <= 0;
    return closed;
  }

  bool connected;
  mutable bool closed = false;  ///< receive() has come to the end
  mutable int ended = 0;        ///< by which error; 0: in order

 private:
  int socket_;
};

/// More than the kernel takes off the server's hands for a client that does not read.
inline constexpr std::size_t large_bytes = 24 << 20;

inline rest_response echo(const rest_request& asked) {
  if (asked.path == "/throw") throw std::runtime_error("boom");
  if (asked.path == "/refused") return {405, "", "text/plain", "GET, PUT"};
  if (asked.path == "/large") return {200, std::string(large_bytes, 'x'), "text/plain"};
  return {200,
          asked.method + " " + asked.path + " " + std::string(asked.parameter("q")) + " " +
              std::string(asked.header("x-name")) + " " + asked.body,
          "text/plain"};
}

inline std::unique_ptr<server> started(server_options options = {}, rest_handler handler = echo) {
  auto listening = listen_socket::open("127.0.0.1", 0);
  REQUIRE(listening);
  return std::make_unique<server>(std::move(*listening), options, std::move(handler));
}

/// A handler that stands still at /wait until it is told to go on, so that others have sent their requests by then.
struct held_handler {
  rest_response operator()(const rest_request& asked) {
    if (asked.path == "/wait") {
      here->set_value();
      gone_on.wait();
    }
    order->push_back(asked.path);
    return echo(asked);
  }
  std::shared_ptr<std::promise<void>> here = std::make_shared<std::promise<void>>();
  std::shared_future<void> gone_on;
  std::shared_ptr<std::vector<std::string>> order = std::make_shared<std::vector<std::string>>();
};

inline std::string get_of(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

inline bool answers(const raw_client& client, const std::string& path) {
  client.send(get_of(path));
  const auto all = client.receive("GET " + path + " ");
  return all.find("200 OK") != all.npos && !client.closed;
}

inline const std::string get = get_of("/a");

}  // namespace weir::rest
