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

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <future>
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
      ended = taken < 0 ? errno : 0;
      closed = taken <= 0;
      if (closed) break;
      all.append(bytes, static_cast<std::size_t>(taken));
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

rest_response echo(const rest_request& asked) {
  if (asked.path == "/throw") throw std::runtime_error("boom");
  if (asked.path == "/large") return {200, std::string(4 << 20, 'x'), "text/plain"};
  return {200,
          asked.method + " " + asked.path + " " + std::string(asked.parameter("q")) + " " +
              std::string(asked.header("x-name")) + " " + asked.body,
          "text/plain"};
}

std::unique_ptr<server> started(server_options options = {}, rest_handler handler = echo) {
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

std::string get_of(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

bool answers(const raw_client& client, const std::string& path) {
  client.send(get_of(path));
  const auto all = client.receive("GET " + path + " ");
  return all.find("200 OK") != all.npos && !client.closed;
}

const std::string get = get_of("/a");

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

TEST_CASE("header values are taken as they are, without the spaces around them") {
  const auto running = started();
  const raw_client client(running->port());
  client.send("GET /a HTTP/1.1\r\nHost: a\r\nX-NAME: \t a%41+b: c \r\n\r\n");
  const auto answer = client.receive("GET /a ");
  CHECK(answer.find("200 OK") != answer.npos);
  CHECK(answer.ends_with("GET /a  a%41+b: c "));
}

TEST_CASE("requests that come together are answered in order") {
  const auto running = started();
  const raw_client client(running->port());
  client.send(get + "GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const auto all = client.receive();
  CHECK(all.find("GET /a ") < all.find("GET /b "));
  CHECK(all.find("GET /b ") != all.npos);
}

TEST_CASE("who sends many requests at once is answered in turn with others, and so often at most") {
  std::promise<void> go_on;
  held_handler handler{.gone_on = go_on.get_future().share()};
  server_options options;
  options.requests_max = 50;
  const auto running = started(options, handler);
  const raw_client first(running->port());
  first.send(get_of("/wait"));
  handler.here->get_future().wait();
  const raw_client many(running->port());
  std::string requests;
  for (int i = 0; i < 60; ++i) requests += get_of("/many");
  many.send(requests);
  const raw_client other(running->port());
  other.send(get_of("/other"));
  go_on.set_value();

  CHECK(other.receive("GET /other ").find("200 OK") != std::string::npos);
  const auto all = many.receive();
  CHECK(many.closed);
  std::size_t answered = 0;
  for (auto at = all.find("200 OK"); at != all.npos; at = all.find("200 OK", at + 1)) ++answered;
  CHECK(answered == 50);
  CHECK(all.find("Connection: close") > all.rfind("200 OK"));  // the last one says so
  const auto& order = *handler.order;
  CHECK(std::find(order.begin(), order.end(), "/other") - order.begin() < 10);
}

TEST_CASE("who asks before it sends its body is told to send it, once") {
  const auto running = started();
  const raw_client client(running->port());
  for (int i = 0; i < 2; ++i) {
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    CHECK(client.receive("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("bo");
    client.send("dy");
    const auto answer = client.receive("body");
    CHECK(answer.find("HTTP/1.1 200 OK") == 0);
    CHECK(answer.ends_with("body"));
  }
  const raw_client large(running->port());
  large.send(
      "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n");
  CHECK(large.receive().find("HTTP/1.1 413 ") == 0);
}

TEST_CASE("an answer is complete, however large, without ranges and as it is") {
  const auto running = started();
  const raw_client client(running->port());
  client.send(
      "GET /large HTTP/1.1\r\nHost: a\r\nRange: bytes=0-5\r\nAccept-Encoding: gzip\r\n"
      "Connection: close\r\n\r\n");
  const auto all = client.receive();
  CHECK(all.find("HTTP/1.1 200 OK") == 0);
  CHECK(all.find("Content-Encoding") == all.npos);
  CHECK(all.find("X-Content-Type-Options: nosniff") != all.npos);
  CHECK(all.find("Cache-Control: no-store") != all.npos);
  const auto body = all.substr(all.find("\r\n\r\n") + 4);
  CHECK(body.size() == 4 << 20);
  CHECK(body.find_first_not_of('x') == body.npos);
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
  CHECK(status_of("GET /a HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nGET /") == "400");
  CHECK(status_of("POST /a HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n") == "417");
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

TEST_CASE("those who come at once are all answered, although they are more than are kept open") {
  std::promise<void> go_on;
  held_handler handler{.gone_on = go_on.get_future().share()};
  const auto running = started({}, handler);
  const raw_client first(running->port());
  first.send(get_of("/wait"));
  handler.here->get_future().wait();
  std::vector<raw_client> crowd;
  for (int i = 0; i < 600; ++i) {
    crowd.emplace_back(running->port());
    crowd.back().send(get);
  }
  go_on.set_value();
  int answered = 0;
  for (const auto& each : crowd) {
    if (each.receive("GET /a ").find("200 OK") != std::string::npos) ++answered;
  }
  CHECK(answered == 600);
}

TEST_CASE("when one more comes than are kept open, the one that has waited longest gives way") {
  server_options few;
  few.connections_max = 3;
  const auto running = started(few);
  const raw_client a(running->port());
  REQUIRE(answers(a, "/1"));
  const raw_client b(running->port());
  REQUIRE(answers(b, "/2"));
  const raw_client c(running->port());
  REQUIRE(answers(c, "/3"));
  REQUIRE(answers(a, "/4"));
  const raw_client d(running->port());
  CHECK(answers(d, "/5"));
  CHECK(b.receive().empty());
  CHECK(b.closed);
  CHECK(answers(c, "/6"));
  CHECK(answers(a, "/7"));
}

TEST_CASE("a connection ends when its client keeps it waiting, each wait with its own bound") {
  constexpr std::chrono::milliseconds soon(50);
  constexpr std::chrono::hours never(1);
  server_options options;
  options.idle_time = options.request_time = options.answer_time = never;
  SUBCASE("between two requests") {
    options.idle_time = soon;
    const auto running = started(options);
    const raw_client slow(running->port());
    const raw_client deaf(running->port());
    slow.send("GET /a HTTP/1.1\r\n");
    deaf.send(get_of("/large"));
    const raw_client idle(running->port());
    CHECK(idle.receive().empty());
    CHECK(idle.closed);
    slow.send("Host: localhost\r\n\r\n");
    CHECK(slow.receive("GET /a ").find("200 OK") != std::string::npos);
    CHECK(deaf.receive().size() > (4 << 20));
  }
  SUBCASE("until a request is there") {
    options.request_time = soon;
    const auto running = started(options);
    const raw_client idle(running->port());
    const raw_client half(running->port());
    half.send("GET /a HTTP");
    CHECK(half.receive().empty());
    CHECK(half.closed);
    const raw_client drops(running->port());
    for (int i = 0; i < 2000 && !drops.closed_within(std::chrono::milliseconds(10)); ++i) {
      drops.send("G");
    }
    CHECK(drops.closed);
    CHECK(answers(idle, "/b"));
  }
  SUBCASE("until its answer is taken") {
    options.answer_time = options.idle_time = soon;
    const auto running = started(options);
    const raw_client deaf(running->port());
    deaf.send(get_of("/large"));
    // One that came later than the deaf one and has been closed says that the deaf one has been, too.
    const raw_client later(running->port());
    later.send(get);
    CHECK(later.receive().find("GET /a") != std::string::npos);
    CHECK(deaf.receive().size() < (4 << 20));
  }
}

TEST_CASE("who is refused hears it, although it was still sending") {
  const auto running = started();
  const raw_client client(running->port());
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n");
  CHECK(client.receive("}").find("HTTP/1.1 413 ") == 0);
  client.send(std::string(70'000, 'x'));  // taken, so that no reset overtakes the answer
  CHECK(client.receive().empty());
  CHECK(client.ended == 0);
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
