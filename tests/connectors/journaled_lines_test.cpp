// SPDX-License-Identifier: Apache-2.0
// Specifies the journaled socket source at its task, against peers on loopback that speak the handshake, do not, lie,
// send garbage, stay silent or vanish; and its place in the journal across crashes. The lane runs when the test says so.
#include <doctest/doctest.h>

#include <memory>

#include "connectors/posix_disk.hpp"
#include "tests/connectors/journaled_words.hpp"
#include "tests/support/planned_faults.hpp"

using namespace weir;
using namespace weir::test;

namespace {

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("P21: the source says how many lines are durable, acks each group, and goes on there") {
  place at;
  operator_restore halfway;
  {
    reader source(at);
    unique_fd connection = greet(at, source, 0);
    send_text(connection, "a\nb\r\nc");
    source.step_to_lines(2);
    CHECK(source.got == lines{"a", "b"});
    CHECK(receive_line(connection) == "ACK 2\n");
    halfway = source.checkpoint(3);
    send_text(connection, "c\nd\n");
    source.step_to_lines(4);
    CHECK(source.got[2] == "cc");
    CHECK(receive_line(connection) == "ACK 4\n");
  }
  // The checkpoint was taken behind two lines; two more are in the journal: the peer is asked for none of them.
  reader restored(at, halfway);
  unique_fd connection = greet(at, restored, 4);
  CHECK(restored.got == lines{"cc", "d"});
  send_text(connection, "e\n");
  restored.step_to_lines(3);
  CHECK(restored.got[2] == "e");
  CHECK(restored.host.reports_with("2 lines were read from the journal") == 1);
}

TEST_CASE("a connection that breaks within a line: the peer is asked for that line again") {
  place at;
  reader source(at);
  for (std::uint64_t round = 0; round < 3; ++round) {
    unique_fd connection = greet(at, source, round);
    send_text(connection, "line " + std::to_string(round) + "\ncut");
    source.step_to_lines(round + 1);
  }
  CHECK(source.got == lines{"line 0", "line 1", "line 2"});
}

TEST_CASE(
    "a peer that lies, sends garbage or vanishes in the handshake is left, and nothing of it "
    "taken") {
  struct bad_peer {
    std::string sends;
    const char* report;
  };
  const std::vector<bad_peer> bad{{"WEIR 1 1\nx\n", "would repeat 1 lines"},
                                  {"WEIR 1 3\nx\n", "would skip 1 lines"},
                                  {"WEIR 9 2\nx\n", "in version 9"},
                                  {"x\ny\n", "sent 'x' instead of an answer"},
                                  {std::string(200, '\0'), "instead of an answer"},
                                  {"", "before it answered RESUME 2"},
                                  {"WEIR 1 2", "before it answered RESUME 2"}};
  for (const bad_peer& each : bad) {
    place at;
    reader source(at);
    unique_fd first = greet(at, source, 0);
    send_text(first, "a\nb\n");
    source.step_to_lines(2);
    first.reset();
    source.step_to_report("connected to", 2);
    {
      const unique_fd liar = at.peer.accept();
      REQUIRE(receive_line(liar) == "RESUME 2\n");
      if (!each.sends.empty()) send_text(liar, each.sends);
    }
    source.step_to_report(each.report);
    CHECK(source.host.reports_with("nothing of it was taken") == 1);

    unique_fd right = greet(at, source, 2);
    send_text(right, "c\n");
    source.step_to_lines(3);
    CHECK(source.got == lines{"a", "b", "c"});
  }
}

TEST_CASE("a peer that stays silent when it must answer is left after the timeout") {
  place at;
  at.timeout_ms = 50;
  reader source(at);
  source.step_to_report("connected to");
  const unique_fd silent = at.peer.accept();
  source.step_to_report("did not answer RESUME 0 within 50 ms");
}

TEST_CASE("a peer that does not speak is taken when the handshake is offered, or off") {
  for (const handshake mode : {handshake::offered, handshake::off}) {
    place at;
    at.with_peer = mode;
    operator_restore halfway;
    {
      reader source(at);
      source.step_to_report("connected to");
      const unique_fd connection = at.peer.accept();
      send_text(connection, "a\nb\n");
      source.step_to_lines(2);
      halfway = source.checkpoint(1);
      send_text(connection, "c\n");
      source.step_to_lines(3);
    }
    reader restored(at, halfway);
    restored.step_to_lines(1);
    CHECK(restored.got == lines{"c"});
    restored.step_to_report("connected to");
  }
}

TEST_CASE("once a peer has answered, one that does not is refused, also after a crash") {
  place at;
  at.with_peer = handshake::offered;
  operator_restore halfway;
  {
    reader source(at);
    const unique_fd speaks = greet(at, source, 0);
    send_text(speaks, "a\n");
    source.step_to_lines(1);
    halfway = source.checkpoint(1);
  }
  reader restored(at, halfway);
  restored.step_to_report("connected to");
  const unique_fd plain = at.peer.accept();
  send_text(plain, "a\n");
  restored.step_to_report("instead of an answer to RESUME");
  CHECK(restored.got.empty());
}

TEST_CASE("without reconnect the stream ends when the peer closes, for good") {
  place at;
  at.reconnect = false;
  {
    reader source(at);
    const unique_fd connection = greet(at, source, 0);
    send_text(connection, "a\nlast");
    source.step_to_lines(1);
    REQUIRE(::shutdown(connection.get(), SHUT_WR) == 0);  // a close with unread acks resets
    while (source.step()) {
    }
    CHECK(source.got == lines{"a", "last"});
    CHECK(source.host.jobs() == 0);
  }
  reader again(at);  // from the begin of the job: the journal has it all, and the end
  while (again.step()) {
  }
  CHECK(again.got == lines{"a", "last"});
  CHECK(again.host.reports_with("connected to") == 0);
}

TEST_CASE(
    "without reconnect a peer that is refused, or lost, fails the task, never ends the stream") {
  for (const bool answers : {false, true}) {
    place at;
    at.reconnect = false;
    reader source(at);
    source.step_to_report("connected to");
    unique_fd connection = at.peer.accept();
    if (answers) send_text(connection, "WEIR 1 0\na\n");
    if (answers) source.step_to_lines(1);
    reset_connection(connection);
    const error failure = task_failure([&source] { source.step_until([] { return false; }); });
    CHECK(failure.code == error_code::connection);
  }
}

TEST_CASE("P18: the journal is trimmed only below the oldest checkpoint that is kept") {
  place at;
  at.segment_bytes = 1;  // a file a group
  reader source(at);
  const unique_fd connection = greet(at, source, 0);
  std::vector<operator_restore> kept;
  for (std::uint64_t epoch = 1; epoch <= 6; ++epoch) {
    send_text(connection, std::to_string(epoch) + "\n");
    source.step_to_lines(epoch);
    kept.push_back(source.checkpoint(epoch));
  }
  const auto told = [&](std::uint64_t oldest) {
    source.feed->retained_from({oldest});
    for (int i = 0; i < 4; ++i) (void)source.step();
    return at.files();
  };
  const std::size_t all = at.files();
  CHECK(told(0) == all);
  CHECK(told(3) == all - 3);
  CHECK(told(3) == all - 3);
  source.feed->close();
  source.host.settle();
  source.feed.reset();

  reader oldest(at, kept[2]);  // checkpoint 3
  oldest.step_to_lines(3);
  CHECK(oldest.got == lines{"4", "5", "6"});
  oldest.feed->close();
  oldest.host.settle();
  oldest.feed.reset();
  reader older(at, kept[1]);
  const error failure = task_failure([&older] { older.step_until([] { return false; }); });
  CHECK(failure.code == error_code::corrupt);
  CHECK(failure.message.find("goes on at line 2, but the journal") != std::string::npos);
}

TEST_CASE("a checkpoint and a journal that do not belong together are refused") {
  place at;
  operator_restore behind;
  {
    reader source(at);
    const unique_fd connection = greet(at, source, 0);
    send_text(connection, "a\nb\n");
    source.step_to_lines(2);
    behind = source.checkpoint(4);
  }
  std::filesystem::remove_all(at.home / "journal");
  reader without(at, behind);
  const error missing = task_failure([&without] { without.step_until([] { return false; }); });
  CHECK(missing.code == error_code::corrupt);
  CHECK(missing.message.find("goes on at line 2") != std::string::npos);
}

TEST_CASE("a job that begins anew begins a new journal; a restart of the same beginning does not") {
  place at;
  for (int round = 0; round < 2; ++round) {
    operator_restore from;
    from.epoch = {round == 0 ? 0u : 20u};
    {
      reader source(at, from);
      const unique_fd connection = greet(at, source, 0);
      send_text(connection, "round " + std::to_string(round) + "\n");
      source.step_to_lines(1);
      CHECK(source.got == lines{"round " + std::to_string(round)});
    }
    reader again(at, from);
    again.step_to_lines(1);
    CHECK(again.got == lines{"round " + std::to_string(round)});
  }
}

TEST_CASE("a journal that another holds is waited for, and taken when it is free") {
  place at;
  auto holder = posix_disk::open(at.home / "journal");
  REQUIRE(holder.has_value());
  reader source(at);
  for (int i = 0; i < 2; ++i) (void)source.step();
  CHECK(source.host.reports().empty());
  holder->reset();
  source.step_to_report("connected to");
}

TEST_CASE("on a full disk the task fails with the reason, and what was acked is there afterwards") {
  const small_disk disk(64);
  if (!disk.ready()) return;
  place at;
  const auto journal_on = [&] {
    socket_lines_options socket;
    socket.host = "127.0.0.1";
    socket.port = at.peer.port();
    journal_options journal;
    journal.directory = disk.directory() / "journal";
    journal.with_peer = handshake::required;
    return make_journaled_socket_lines("lines", socket, journal);
  };
  std::size_t acked = 0;
  {
    reader source(at);
    source.feed = journal_on();
    source.host.forget_jobs();
    source.feed->attach(source.host);
    source.feed->open();
    const unique_fd connection = greet(at, source, 0);
    const error full = task_failure([&] {
      for (int i = 0; i < 100; ++i) {
        send_text(connection, std::string(2'000, 'x') + "\n");
        source.step_to_lines(static_cast<std::size_t>(i) + 1);
        acked = source.got.size();
      }
    });
    CHECK(full.code == error_code::no_space);
    CHECK(full.message.find("cannot write to") != std::string::npos);
    CHECK(acked > 3);
  }
  reader again(at);
  again.feed = journal_on();
  again.host.forget_jobs();
  again.feed->attach(again.host);
  again.feed->open();
  again.step_to_lines(acked);
  CHECK(again.got.size() == acked);
}

TEST_CASE(
    "P21: whatever write of the journal fails, what was acked is there, and the peer is asked for "
    "the rest") {
  for (const auto kind : {disk_fault::write_error, disk_fault::disk_full}) {
    for (const std::uint64_t write : {2u, 3u, 5u}) {  // 0: the first file, 1: that the peer spoke
      place at;
      const auto faults = std::make_shared<planned_faults>(write);
      faults->at_write(write, kind);
      at.faults = faults;
      lines sent;
      std::string acked;
      {
        reader source(at);
        const unique_fd connection = greet(at, source, 0);
        const error failed = task_failure([&] {
          for (int i = 0; i < 9; ++i) {
            sent.push_back("line " + std::to_string(i));
            send_text(connection, sent.back() + "\n");
            source.step_to_lines(sent.size());
            acked = receive_line(connection);
          }
        });
        const bool full = kind == disk_fault::disk_full;
        CHECK(failed.code == (full ? error_code::no_space : error_code::io));
        CHECK_MESSAGE(failed.message.find(full ? "injected full disk" : "injected write error") !=
                          std::string::npos,
                      failed.message);
      }
      CHECK(faults->hits() == 1);
      sent.pop_back();
      CHECK(acked == (sent.empty() ? "" : "ACK " + std::to_string(sent.size()) + "\n"));
      reader again(at);
      again.step_to_lines(sent.size());
      const unique_fd connection = greet(at, again, sent.size());
      send_text(connection, "next\n");
      again.step_to_lines(sent.size() + 1);
      sent.push_back("next");
      CHECK(again.got == sent);
    }
  }
}

TEST_CASE("a peer that answers the right number and sends other lines is believed") {
  // The known limit of the handshake: data carry no numbers.
  place at;
  {
    reader source(at);
    const unique_fd connection = greet(at, source, 0);
    send_text(connection, "a\nb\n");
    source.step_to_lines(2);
  }
  reader source(at);
  source.step_to_lines(2);
  const unique_fd other = greet(at, source, 2);
  send_text(other, "a\n");
  source.step_to_lines(3);
  CHECK(source.got == lines{"a", "b", "a"});
}

TEST_CASE("long lines are cut before they are counted; skipping them is refused") {
  socket_lines_options socket;
  socket.host = "127.0.0.1";
  socket.port = 1;
  socket.too_long = long_line::skip;
  fake_host host;
  const auto feed = make_journaled_socket_lines("lines", socket, {});
  feed->attach(host);
  const error refused = task_failure([&feed] { feed->open(); });
  CHECK(refused.code == error_code::invalid_argument);
  CHECK(refused.message.find("expected truncate or fail") != std::string::npos);
}

TEST_CASE("only the first subtask reads") {
  place at;
  fake_host second(1, 2);
  const auto feed = at.make();
  feed->attach(second);
  feed->open();
  operator_image image;
  CHECK(feed->snapshot({1}, image));
  CHECK(image.splits.empty());
  CHECK(second.jobs() == 0);
  std::string_view line;
  CHECK(feed->next(line) == line_feed::outcome::ended);
}
