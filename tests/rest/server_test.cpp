// SPDX-License-Identifier: Apache-2.0
// The server over real sockets on the loopback: what is sent reaches the handler, and what is no request is refused. What
// it bounds: server_limits_test.cpp.
#include <doctest/doctest.h>
#include <httplib.h>
#include <signal.h>

#include <string>

#include "rest/http_frame.hpp"
#include "rest/server.hpp"
#include "tests/rest/raw_client.hpp"

namespace weir::rest {

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
  CHECK(body.size() == large_bytes);
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
  CHECK(client.Get("/refused")->get_header_value("Allow") == "GET, PUT");
  CHECK(client.Get("/a%2Fb?q=1")->status == 404);  // the handler does not see it
  CHECK(client.Get("/a?q=1%2F")->status == 200);
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
