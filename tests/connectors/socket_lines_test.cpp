// SPDX-License-Identifier: Apache-2.0
// Specifies the socket source at its task, against peers on loopback that come late, close, reset,
// send long or cut lines, or nothing. The lane runs when the test says so; a thread is used only to
// close while a lane job waits.
#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <thread>

#include "connectors/socket_session.hpp"
#include "tests/connectors/feed_reader.hpp"
#include "tests/connectors/loopback.hpp"

using namespace weir;
using namespace weir::test;

namespace {

using lines = std::vector<std::string>;

class reader : public feed_reader {
 public:
  explicit reader(socket_lines_options options, std::uint32_t index = 0)
      : feed_reader(make_socket_lines("lines", std::move(options)), index, 1 + index) {
    feed->attach(host);
    feed->open();
  }
};

socket_lines_options options_for(const loopback& peer, bool reconnect = true) {
  socket_lines_options options;
  options.host = "127.0.0.1";
  options.port = peer.port();
  options.reconnect = reconnect;
  return options;
}

}  // namespace

TEST_CASE("lines come in order; without reconnect the stream ends when the peer closes") {
  loopback peer;
  reader source(options_for(peer, false));
  (void)source.step();
  CHECK(source.host.reports_with("connected to 127.0.0.1") == 1);
  unique_fd connection = peer.accept();
  send_text(connection, "one\r\ntw");
  source.step_until([&source] { return source.got.size() == 1; });
  send_text(connection, "o\nlast");
  connection.reset();

  while (source.step()) {
  }
  CHECK(source.got == lines{"one", "two", "last"});
  CHECK(source.host.jobs() == 0);
  CHECK(source.host.reports_with("end of the stream") == 1);
}

TEST_CASE("with reconnect a peer that closes is connected again, and a cut line is dropped") {
  loopback peer;
  reader source(options_for(peer));
  (void)source.step();
  for (const std::string round : {"a", "b", "c"}) {
    unique_fd connection = peer.accept();
    send_text(connection, round + "1\n" + round + "2\ncut");
    connection.reset();
    source.step_until(
        [&source, &round] { return !source.got.empty() && source.got.back() == round + "2"; });
    source.step_until([&source, &round] {
      return source.host.reports_with("connected to") ==
             static_cast<std::size_t>(round[0] - 'a' + 2);
    });
  }
  CHECK(source.got == lines{"a1", "a2", "b1", "b2", "c1", "c2"});
  CHECK(source.host.reports_with("within a line") == 3);
  CHECK(source.host.reports_with("connecting again") == 3);
}

TEST_CASE("a refused connection is tried again until the peer is there") {
  std::optional<loopback> peer(std::in_place);
  const auto options = options_for(*peer);
  const std::uint16_t port = peer->port();
  peer.reset();
  reader source(options);
  source.step_to_report("try 1");
  CHECK(source.host.reports()[0].find("refused") != std::string::npos);

  for (int i = 0; i < 6; ++i) (void)source.step();  // some further tries, of which nobody hears
  CHECK(source.host.reports().size() == 1);

  peer.emplace(port);
  source.step_to_report("connected to");
  CHECK(source.host.reports().size() == 2);
}

TEST_CASE("of what goes on failing the first and each tenth time is news") {
  std::vector<std::uint64_t> news;
  for (std::uint64_t waits = 0; waits <= 25; ++waits) {
    if (session_step{session_step::kind::try_failed, 0, {}, waits}.is_news()) news.push_back(waits);
  }
  CHECK(news == std::vector<std::uint64_t>{0, 1, 10, 20});
}

TEST_CASE("a reset connection is connected again, or without reconnect fails the task") {
  loopback peer;
  for (const bool reconnect : {true, false}) {
    reader source(options_for(peer, reconnect));
    (void)source.step();
    unique_fd connection = peer.accept();
    reset_connection(connection);
    if (reconnect) {
      source.step_to_report("connecting again");
    } else {
      CHECK(task_failure([&source] { (void)source.step(); }).code == error_code::connection);
    }
  }
}

TEST_CASE("a peer that is silent costs only time, and one that is not read is not read ahead") {
  loopback peer;
  reader source(options_for(peer));
  (void)source.step();
  const unique_fd connection = peer.accept();
  CHECK(source.step());
  CHECK(source.host.jobs() == 1);

  send_text(connection, std::string(100'000, 'x') + "\n");
  int jobs = 0;
  for (; source.host.jobs() != 0 && jobs < 100; ++jobs) {
    source.host.run_one();
    source.host.finish_one();
  }
  CHECK(jobs < 100);  // both buffers hold bytes: no more is asked for
  source.step_until([&source] { return source.got.size() == 1; });
  CHECK(source.got[0].size() == 100'000);
}

TEST_CASE("long lines are cut and counted, or end the task") {
  loopback peer;
  auto options = options_for(peer, false);
  options.line_bytes_max = 3;
  {
    reader source(options);
    (void)source.step();
    unique_fd connection = peer.accept();
    send_text(connection, "1234\n123\n");
    connection.reset();
    while (source.step()) {
    }
    CHECK(source.got == lines{"123", "123"});
    CHECK(source.host.reports_with("1 line of 127.0.0.1") == 1);
  }
  options.too_long = long_line::fail;
  reader source(options);
  (void)source.step();
  const unique_fd connection = peer.accept();
  send_text(connection, "1234\n");
  const error failure = task_failure([&source] { source.step_until([] { return false; }); });
  CHECK(failure.code == error_code::corrupt);
  CHECK(failure.message.find("longer than 3") != std::string::npos);
}

TEST_CASE("only the first subtask reads") {
  loopback peer;
  reader source(options_for(peer), 1);
  CHECK(source.host.jobs() == 0);
  CHECK_FALSE(source.step());
}

TEST_CASE("a peer that cannot be is refused for good") {
  socket_lines_options options;
  options.host = "localhost";
  reader source(options);
  CHECK(task_failure([&source] { (void)source.step(); }).code == error_code::invalid_argument);
}

TEST_CASE("close ends a read, a wait for the next try, and everything after") {
  std::optional<loopback> peer(std::in_place);
  reader silent(options_for(*peer));
  (void)silent.step();
  reader refused(options_for(*peer));
  peer.reset();
  (void)refused.step();

  for (reader* source : {&silent, &refused}) {
    REQUIRE(source->host.jobs() == 1);
    auto job = source->host.take_job();
    std::thread lane([&job] { job->run(); });
    source->feed->close();
    lane.join();
    source->host.ran(std::move(job));
    source->host.finish_one();
    CHECK(source->host.jobs() == 0);
  }
}

TEST_CASE("a lane job outlives its source, and ends at once") {
  loopback peer;
  auto source = std::make_unique<reader>(options_for(peer));
  (void)source->step();
  auto job = source->host.take_job();
  source.reset();
  job->run();
}
