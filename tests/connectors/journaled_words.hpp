// SPDX-License-Identifier: Apache-2.0
// The words of the tests of journaled sockets: a place with a peer, the source at its task, and what a peer says.
//
// Owner:      one test.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/connectors/feed_reader.hpp"
#include "tests/connectors/loopback.hpp"
#include "tests/connectors/temp_directory.hpp"
#include "weir/core/line_feed.hpp"

namespace weir::test {

/// A directory, a peer, and how a source is made from them.
struct place {
  temp_directory home;
  loopback peer;
  handshake with_peer = handshake::required;
  bool reconnect = true;
  std::uint64_t segment_bytes = 1 << 20;
  std::uint32_t timeout_ms = 5'000;
  std::shared_ptr<disk_faults> faults{};

  std::unique_ptr<line_feed> make() const {
    socket_lines_options socket;
    socket.host = "127.0.0.1";
    socket.port = peer.port();
    socket.reconnect = reconnect;
    socket.connect_timeout_ms = timeout_ms;
    journal_options journal;
    journal.directory = home / "journal";
    journal.with_peer = with_peer;
    journal.segment_bytes = segment_bytes;
    return make_journaled_socket_lines("lines", socket, journal);
  }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each :
         std::filesystem::directory_iterator(home / "journal")) {
      ++count;
    }
    return count;
  }
};

/// The task of the source of a place.
class reader : public feed_reader {
 public:
  explicit reader(const place& at, operator_restore from = {}) : feed_reader(at.make()) {
    host.inject(at.faults);
    feed->attach(host);
    const auto restored = feed->restore(std::move(from));
    REQUIRE(restored.has_value());
    feed->open();
  }
  void step_to_lines(std::size_t count) {
    step_until([this, count] { return got.size() >= count; });
  }
  /// The snapshot of a checkpoint, as a restore gets it.
  operator_restore checkpoint(std::uint64_t epoch) {
    operator_restore written;
    REQUIRE(feed->snapshot({epoch}, written.image));
    written.fresh = false;
    written.epoch = {epoch};
    return written;
  }
};

/// What the peer reads next, up to and with an LF.
inline std::string receive_line(const unique_fd& from) {
  std::string line;
  char c = 0;
  while (line.empty() || line.back() != '\n') {
    REQUIRE(::recv(from.get(), &c, 1, 0) == 1);
    line += c;
  }
  return line;
}

/// Takes the source's connection and its RESUME; answers it.
inline unique_fd greet(const place& at, reader& source, std::uint64_t number) {
  source.step_to_report("connected to", source.host.reports_with("connected to") + 1);
  unique_fd connection = at.peer.accept();
  REQUIRE(receive_line(connection) == "RESUME " + std::to_string(number) + "\n");
  send_text(connection, "WEIR 1 " + std::to_string(number) + "\n");
  return connection;
}

}  // namespace weir::test
