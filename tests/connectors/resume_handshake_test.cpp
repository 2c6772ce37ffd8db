// SPDX-License-Identifier: Apache-2.0
// Specifies the handshake byte by byte: which peers speak it, which are taken as they are, which are refused and with
// what words; however their bytes are cut.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "connectors/resume_handshake.hpp"

using namespace weir;
using peer = resume_handshake::peer;

namespace {

/// What becomes of a peer that sends this, in one piece and byte by byte: its data, or the reason.
struct outcome {
  peer state = peer::unknown;
  std::string data;
  std::string reason;
};

outcome feed_all(handshake mode, std::string_view text, std::uint64_t durable, bool spoke,
                 std::size_t piece) {
  resume_handshake hand(mode, durable, spoke);
  std::size_t at = 0;
  for (; at < text.size() && hand.state() == peer::unknown; at += piece) {
    const auto done = hand.feed(text.substr(at, piece));
    if (!done) {
      CHECK(done.error().code == error_code::connection);
      return {peer::unknown, {}, done.error().message};
    }
  }
  const std::string rest(text.substr(std::min(at, text.size())));
  return {hand.state(), std::string(hand.data()) + rest, {}};
}

outcome feed(handshake mode, std::string_view text, std::uint64_t durable = 7, bool spoke = false) {
  const outcome whole = feed_all(mode, text, durable, spoke, text.size() + 1);
  for (std::size_t piece = 1; piece < 9; ++piece) {
    const outcome cut = feed_all(mode, text, durable, spoke, piece);
    CHECK(cut.state == whole.state);
    CHECK(cut.reason.empty() == whole.reason.empty());
    if (whole.reason.empty() && whole.state != peer::unknown) CHECK(cut.data == whole.data);
  }
  return whole;
}

}  // namespace

TEST_CASE("the source asks for the first line that it lacks, and acks what is durable") {
  CHECK(resume_handshake(handshake::required, 0, false).greeting() == "RESUME 0\n");
  CHECK(resume_handshake(handshake::offered, 12, true).greeting() == "RESUME 12\n");
  CHECK(resume_handshake(handshake::off, 12, true).greeting().empty());
  CHECK(resume_handshake::ack(13) == "ACK 13\n");
}

TEST_CASE("a peer that answers with the same number speaks; data follow its answer") {
  for (const handshake mode : {handshake::required, handshake::offered}) {
    for (const char* answer : {"WEIR 1 7\n", "WEIR 1 7\r\n"}) {
      const outcome got = feed(mode, answer + std::string("a\nb"));
      CHECK(got.state == peer::speaks);
      CHECK(got.data == "a\nb");
    }
  }
}

TEST_CASE("with the handshake off every line is data") {
  const outcome got = feed(handshake::off, "WEIR 1 7\nx\n");
  CHECK(got.state == peer::plain);
  CHECK(got.data == "WEIR 1 7\nx\n");
}

TEST_CASE(
    "a peer that does not speak is taken as it is when that is allowed, without losing a byte") {
  for (const char* text : {"\n", "hello\n", "WEIR\n", "WEIR is a barrier\n", "WEI\nx\n", "W",
                           "WEIR ", "WEIRD 1 7\n", "\xff\xfe\n", "RESUME 7\n"}) {
    const outcome got = feed(handshake::offered, text);
    CHECK(got.reason.empty());
    CHECK(got.data == text);
  }
  CHECK(feed(handshake::offered, "hello\n").state == peer::plain);
  CHECK(feed(handshake::offered, "W").state == peer::unknown);
  const std::string endless(100, '1');
  CHECK(feed(handshake::offered, "WEIR " + endless).state == peer::plain);
}

TEST_CASE("a peer that must answer and does not is refused with what it sent") {
  for (const std::string text : {"hello\n", "\n", "RESUME 7\n", "GET / HTTP/1.1\n", "x"}) {
    CHECK(feed(handshake::required, text)
              .reason.find("instead of an answer to RESUME, expected "
                           "'WEIR 1 7'") != std::string::npos);
    // One that has spoken once and no longer does is another peer.
    CHECK_FALSE(feed(handshake::offered, text, 7, true).reason.empty());
  }
  CHECK(feed(handshake::required, "\x01\xffhi\n").reason.find("'??hi'") != std::string::npos);
  const outcome garbage = feed(handshake::required, std::string(10'000, 'g'));
  CHECK(garbage.reason.size() < 200);
}

TEST_CASE("a peer that repeats, skips or lies about numbers is refused in every mode but off") {
  struct lie {
    const char* answer;
    const char* reason;
  };
  const std::vector<lie> lies{{"WEIR 1 8\n", "would skip 1 lines"},
                              {"WEIR 1 6\n", "would repeat 1 lines"},
                              {"WEIR 1 0\n", "would repeat 7 lines"},
                              {"WEIR 2 7\n", "in version 2"},
                              {"WEIR 1 18446744073709551615\n", "would skip"},
                              {"WEIR 1 18446744073709551616\n", "expected 'WEIR 1 7'"},
                              {"WEIR 1 07\n", "expected 'WEIR 1 7'"},
                              {"WEIR 1 7 \n", "expected 'WEIR 1 7'"},
                              {"WEIR 17\n", "expected 'WEIR 1 7'"},
                              {"WEIR  1 7\n", "expected 'WEIR 1 7'"},
                              {"WEIR 1\n", "expected 'WEIR 1 7'"}};
  for (const lie& each : lies) {
    for (const handshake mode : {handshake::required, handshake::offered}) {
      const outcome got = feed(mode, each.answer);
      CHECK_MESSAGE(got.reason.find(each.reason) != std::string::npos, each.answer, got.reason);
    }
  }
  CHECK(feed(handshake::offered, "WEIR 1 8\n").reason.find("set the handshake to off") !=
        std::string::npos);
}

TEST_CASE("a peer that vanishes in the handshake is refused when it must answer") {
  for (const char* text : {"", "WEI", "WEIR 1 7"}) {
    resume_handshake must(handshake::required, 7, false);
    REQUIRE(must.feed(text).has_value());
    const auto gone = must.on_end();
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().message.find("before it answered RESUME 7") != std::string::npos);

    resume_handshake may(handshake::offered, 7, false);
    REQUIRE(may.feed(text).has_value());
    REQUIRE(may.on_end().has_value());
    CHECK(may.state() == peer::plain);
    CHECK(may.data() == text);
  }
}
