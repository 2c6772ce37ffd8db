// SPDX-License-Identifier: Apache-2.0
// The server's bounds, over real sockets on the loopback: whatever some clients do, others are answered. Nothing is timed
// below seconds.
#include <doctest/doctest.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "rest/server.hpp"
#include "tests/rest/raw_client.hpp"

namespace weir::rest {

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

TEST_CASE("when more come at once than are kept open, each has time to send its request") {
  std::promise<void> go_on;
  held_handler handler{.gone_on = go_on.get_future().share()};
  server_options few;
  few.connections_max = 4;
  const auto running = started(few, handler);
  const raw_client first(running->port());
  first.send(get_of("/wait"));
  handler.here->get_future().wait();
  std::vector<raw_client> crowd;
  for (int i = 0; i < 10; ++i) crowd.emplace_back(running->port());
  go_on.set_value();
  CHECK(first.receive("GET /wait ").find("200 OK") != std::string::npos);
  for (const auto& each : crowd) each.send(get);
  int answered = 0;
  for (const auto& each : crowd) {
    if (each.receive("GET /a ").find("200 OK") != std::string::npos) ++answered;
  }
  CHECK(answered == 10);
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
    CHECK(deaf.receive().size() > large_bytes);
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
    CHECK(deaf.receive().size() < large_bytes);
  }
}

TEST_CASE("who is refused hears it in order, although what it sent is not read") {
  const auto running = started();
  const raw_client client(running->port());
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" +
              std::string(70'000, 'x'));
  CHECK(client.receive().find("HTTP/1.1 413 ") == 0);
  CHECK(client.ended == 0);  // no reset, which may overtake the answer
}

}  // namespace weir::rest
