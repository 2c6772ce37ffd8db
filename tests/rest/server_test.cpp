// SPDX-License-Identifier: Apache-2.0
// The server over real sockets on the loopback: whatever some clients do, others are answered. Nothing is timed below
// seconds.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rest/http_frame.hpp"
#include "rest/server.hpp"

namespace weir::rest {
namespace {

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
    char bytes[4096];
    pollfd wait{socket_, POLLIN, 0};
    while (all.find(until) == all.npos && poll(&wait, 1, 20'000) == 1) {
      const auto taken = recv(socket_, bytes, sizeof bytes, 0);
      closed = taken <= 0;
      if (closed) break;
      all.append(bytes, static_cast<std::size_t>(taken));
    }
    return all;
  }

  bool connected;
  mutable bool closed = false;  ///< receive() has come to the end

 private:
  int socket_;
};

rest_response echo(const rest_request& asked) {
  if (asked.path == "/throw") throw std::runtime_error("boom");
  if (asked.path == "/large") return {200, std::string(4 << 20, 'x'), "text/plain"};
  return {200,
          asked.method + " " + asked.path + " " + std::string(asked.parameter("q")) + " " +
              std::string(asked.header("x-name")) + " " + asked.body,
          "text/plain"};
}

std::unique_ptr<server> started(server_options options = {}) {
  auto listening = listen_socket::open("127.0.0.1", 0);
  REQUIRE(listening);
  return std::make_unique<server>(std::move(*listening), options, echo);
}

const std::string get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace

TEST_CASE("method, path, query, headers and body reach the handler; a connection is used again") {
  const auto running = started();
  httplib::Client client("127.0.0.1", running->port());
  client.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) {
    auto answer = client.Post("/a%20b?q=1%262", {{"X-Name", "n"}}, "{body}", "application/json");
    REQUIRE(answer);
    CHECK(answer->body == "POST /a b 1&2 n {body}");
  }
  auto head = client.Head("/x");
  REQUIRE(head);
  CHECK(head->body.empty());
  auto form = client.Post("/f", "a=b", "application/x-www-form-urlencoded");
  REQUIRE(form);
  CHECK(form->body == "POST /f   a=b");
}

TEST_CASE("requests that come together are answered in order") {
  const auto running = started();
  const raw_client client(running->port());
  client.send(get + "GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const auto all = client.receive();
  CHECK(all.find("GET /a ") < all.find("GET /b "));
  CHECK(all.find("GET /b ") != all.npos);
}

TEST_CASE("what the handler throws is a 500, and the server lives on") {
  const auto running = started();
  httplib::Client client("127.0.0.1", running->port());
  auto thrown = client.Get("/throw");
  REQUIRE(thrown);
  CHECK(thrown->status == 500);
  CHECK(thrown->body.find("boom") != std::string::npos);
  CHECK(client.Get("/a")->status == 200);
}

TEST_CASE("what is no request is answered as such and its connection closed") {
  const auto running = started();
  const auto status_of = [&](const std::string& bytes) {
    const raw_client client(running->port());
    client.send(bytes);
    const auto all = client.receive();
    CHECK(client.closed);
    return all.size() < 12 ? all : all.substr(9, 3);
  };
  CHECK(status_of("BREW /a HTTP/1.1\r\nHost: localhost\r\n\r\n") == "400");
  CHECK(status_of("\r\n\r\n") == "400");
  CHECK(status_of(std::string(200, '\0') + "\r\n\r\n") == "400");
  CHECK(status_of("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") == "414");
  CHECK(status_of("GET /" + std::string(1 << 20, 'a')) == "431");
  CHECK(status_of("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" +
                  std::string(70'000, 'x')) == "413");
  CHECK(status_of("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
        "411");
  CHECK(httplib::Client("127.0.0.1", running->port()).Get("/a")->status == 200);
}

TEST_CASE("clients that send slowly, or do not read, hold up nobody") {
  const auto running = started();
  std::vector<raw_client> slow;
  for (int i = 0; i < 100; ++i) {
    slow.emplace_back(running->port());
    slow.back().send(i % 3 == 0   ? "GE"
                     : i % 3 == 1 ? "POST /a HTTP/1.1\r\nContent-Length: 60000\r\n\r\nhalf"
                                  : "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  httplib::Client client("127.0.0.1", running->port());
  client.set_read_timeout(20);
  for (int i = 0; i < 20; ++i) {
    auto answer = client.Get("/a");
    REQUIRE(answer);
    CHECK(answer->status == 200);
  }
}

TEST_CASE("1,000 connections are taken, others are answered meanwhile, and the oldest give way") {
  const auto running = started();
  std::vector<raw_client> crowd;
  for (int i = 0; i < 1000; ++i) {
    crowd.emplace_back(running->port());
    CHECK(crowd.back().connected);
    if (i % 100 != 0) continue;
    httplib::Client client("127.0.0.1", running->port());
    client.set_read_timeout(20);
    REQUIRE(client.Get("/a"));
  }
  CHECK(crowd.front().receive().empty());  // closed to make room
  crowd.back().send(get);
  CHECK(crowd.back().receive("GET /a").find("200 OK") != std::string::npos);
}

TEST_CASE("a connection ends when its client keeps it waiting") {
  server_options hasty;
  hasty.idle_time = hasty.request_time = hasty.answer_time = std::chrono::milliseconds(50);
  const auto running = started(hasty);
  const raw_client idle(running->port());
  const raw_client slow(running->port());
  const raw_client deaf(running->port());
  slow.send("GET /a HTTP");
  deaf.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(idle.receive().empty());
  CHECK(slow.receive().empty());
  // One that came later than the deaf one and has been closed says that the deaf one has been, too.
  const raw_client later(running->port());
  later.send(get);
  CHECK(later.receive().find("GET /a") != std::string::npos);
  CHECK(deaf.receive().size() < (4 << 20));
}

TEST_CASE("a port that is taken is said to be in use; an address of elsewhere is refused") {
  const auto running = started();
  const auto code_of = [](const std::string& address, std::uint16_t port) {
    return listen_socket::open(address, port).error().code;
  };
  CHECK(code_of("127.0.0.1", running->port()) == error_code::in_use);
  CHECK(code_of("192.0.2.1", 0) == error_code::invalid_argument);
  CHECK(code_of("no such name", 0) == error_code::invalid_argument);
}

TEST_CASE("the process keeps what it does with SIGPIPE") {
  struct sigaction before {};
  sigaction(SIGPIPE, nullptr, &before);
  { const auto running = started(); }
  struct sigaction after {};
  sigaction(SIGPIPE, nullptr, &after);
  CHECK((before.sa_handler == after.sa_handler));
  CHECK((after.sa_handler == SIG_DFL));
}

}  // namespace weir::rest
