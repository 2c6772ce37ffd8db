// SPDX-License-Identifier: Apache-2.0
// Specifies the reading end of a TCP connection against peers on loopback that answer, refuse,
// stall, close and reset, and its interrupt. Threads are used only to signal while a call waits.
#include "connectors/socket_reader.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "connectors/line_splitter.hpp"
#include "tests/connectors/temp_directory.hpp"

using namespace weir;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds patience(10'000);  // only a broken test waits that long

/// A listening socket on a free loopback port.
class listener {
 public:
  explicit listener(int family = AF_INET, int backlog = 8)
      : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (family == AF_INET6) {
      auto& six = reinterpret_cast<sockaddr_in6&>(address);
      six.sin6_family = AF_INET6;
      six.sin6_addr = in6addr_loopback;
      size = sizeof six;
    } else {
      auto& four = reinterpret_cast<sockaddr_in&>(address);
      four.sin_family = AF_INET;
      four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size = sizeof four;
    }
    usable_ = ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
              ::listen(socket_.get(), backlog) == 0;
    size = sizeof address;
    (void)::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    // The port is at the same place in both families.
    port_ = ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  }
  bool usable() const { return usable_; }
  std::uint16_t port() const { return port_; }
  unique_fd accept() const { return unique_fd(::accept(socket_.get(), nullptr, nullptr)); }

 private:
  unique_fd socket_;
  bool usable_ = false;
  std::uint16_t port_ = 0;
};

void send_text(const unique_fd& socket, std::string_view text) {
  REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

void signal(const unique_fd& event) {
  const std::uint64_t one = 1;
  (void)!::write(event.get(), &one, sizeof one);
}

/// Reads until something other than bytes happens.
socket_event read_all(socket_reader& reader, std::string& out, milliseconds timeout) {
  char buffer[7];
  while (true) {
    const auto input = reader.read(buffer, sizeof buffer, timeout);
    REQUIRE(input);
    if (input->event != socket_event::bytes) return input->event;
    out.append(buffer, input->size);
  }
}

}  // namespace

TEST_CASE("bytes come in order, then the end of the stream is told from silence") {
  listener server;
  REQUIRE(server.usable());
  auto reader = socket_reader::connect({"127.0.0.1", server.port()}, patience);
  REQUIRE(reader);
  unique_fd peer = server.accept();
  std::string got;

  CHECK(read_all(*reader, got, milliseconds(0)) == socket_event::timeout);
  send_text(peer, "hello, this is more than one buffer\n");
  CHECK(read_all(*reader, got, milliseconds(20)) == socket_event::timeout);
  CHECK(got == "hello, this is more than one buffer\n");

  send_text(peer, "cut o");
  peer.reset();
  CHECK(read_all(*reader, got, patience) == socket_event::closed);
  CHECK(got.ends_with("\ncut o"));
}

TEST_CASE("a host may be a name or an IPv6 address") {
  listener four;
  CHECK(socket_reader::connect({"localhost", four.port()}, patience));
  listener six(AF_INET6);
  if (!six.usable()) {
    std::cout << "skipped: no IPv6 loopback here\n";
    return;
  }
  CHECK(socket_reader::connect({"::1", six.port()}, patience));
}

TEST_CASE("a peer is written as people write it") {
  CHECK(socket_peer{"example.org", 80}.text() == "example.org:80");
  CHECK(socket_peer{"::1", 80}.text() == "[::1]:80");
}

TEST_CASE("a refused connection is an error that says so and may be tried again") {
  std::uint16_t port = 0;
  {
    listener gone;
    port = gone.port();
  }
  const auto reader = socket_reader::connect({"127.0.0.1", port}, patience);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().code == error_code::connection);
  CHECK(reader.error().recovery_class() == recovery::retry);
  CHECK(reader.error().message.find("127.0.0.1:" + std::to_string(port)) != std::string::npos);
  CHECK(reader.error().message.find("refused") != std::string::npos);
}

TEST_CASE("a peer that does not answer a connection attempt costs no more than the timeout") {
  listener full(AF_INET, 0);
  // A full backlog drops further attempts silently. How many fit is the kernel's business.
  std::vector<socket_reader> fillers;
  for (int i = 0; i < 8; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto reader = socket_reader::connect({"127.0.0.1", full.port()}, milliseconds(100));
    if (reader) {
      fillers.push_back(std::move(*reader));
      continue;
    }
    CHECK(reader.error().code == error_code::timeout);
    CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(100));
    return;
  }
  std::cout << "skipped: the backlog of this kernel does not fill up\n";
}

TEST_CASE("a connection that the peer resets is an error that may be tried again") {
  listener server;
  auto reader = socket_reader::connect({"127.0.0.1", server.port()}, patience);
  REQUIRE(reader);
  unique_fd peer = server.accept();
  const linger at_once{1, 0};
  REQUIRE(::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  peer.reset();

  char buffer[8];
  const auto input = reader->read(buffer, sizeof buffer, patience);
  REQUIRE_FALSE(input);
  CHECK(input.error().code == error_code::connection);
}

TEST_CASE("an interrupt ends a read that waits, and every later one until it is cleared") {
  listener server;
  const unique_fd event(::eventfd(0, EFD_CLOEXEC));
  auto reader = socket_reader::connect({"127.0.0.1", server.port()}, patience, event.get());
  REQUIRE(reader);
  const unique_fd peer = server.accept();
  char buffer[8];

  std::thread signaller([&event] { signal(event); });
  auto input = reader->read(buffer, sizeof buffer, patience);
  signaller.join();
  REQUIRE(input);
  CHECK(input->event == socket_event::interrupted);
  CHECK(reader->read(buffer, sizeof buffer, patience)->event == socket_event::interrupted);

  std::uint64_t count = 0;
  REQUIRE(::read(event.get(), &count, sizeof count) == sizeof count);
  send_text(peer, "x");
  input = reader->read(buffer, sizeof buffer, patience);
  REQUIRE(input);
  CHECK(input->event == socket_event::bytes);
}

TEST_CASE("an interrupt ends a connection attempt that waits") {
  listener full(AF_INET, 0);
  const unique_fd event(::eventfd(0, EFD_CLOEXEC));
  std::vector<socket_reader> fillers;
  for (int i = 0; i < 8; ++i) {
    auto reader = socket_reader::connect({"127.0.0.1", full.port()}, milliseconds(100));
    if (!reader) break;
    fillers.push_back(std::move(*reader));
  }
  if (fillers.size() == 8) {
    std::cout << "skipped: the backlog of this kernel does not fill up\n";
    return;
  }
  signal(event);
  const auto reader = socket_reader::connect({"127.0.0.1", full.port()}, patience, event.get());
  REQUIRE_FALSE(reader);
  CHECK(reader.error().code == error_code::in_use);
}

TEST_CASE("a peer that cannot be is refused before anything is tried") {
  CHECK(socket_reader::connect({"", 80}, patience).error().code == error_code::invalid_argument);
  CHECK(socket_reader::connect({"localhost", 0}, patience).error().code ==
        error_code::invalid_argument);
}

TEST_CASE("a name that does not resolve may be tried again") {
  const auto reader = socket_reader::connect({"no-such-host.invalid", 80}, patience);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().code == error_code::connection);
  CHECK(reader.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("lines from a peer that disconnects in the middle of one: the cut line is dropped") {
  listener server;
  auto reader = socket_reader::connect({"127.0.0.1", server.port()}, patience);
  REQUIRE(reader);
  unique_fd peer = server.accept();
  send_text(peer, "one\r\ntwo\nthr");
  peer.reset();

  std::string got;
  REQUIRE(read_all(*reader, got, patience) == socket_event::closed);
  line_splitter splitter;
  std::vector<std::string> lines;
  splitter.feed(got, [&lines](std::string_view line) { lines.emplace_back(line); });
  std::string_view rest;
  CHECK(splitter.finish(partial_line_policy::drop, rest) == line_step::need_more);
  CHECK(lines == std::vector<std::string>{"one", "two"});
  CHECK(splitter.counters().partial_dropped == 1);
}
