// SPDX-License-Identifier: Apache-2.0
// Specifies the names of part files and the stored form of commit intents: exact round trips, and
// that hostile bytes give an error and never a name outside the directory.
#include "connectors/part_names.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/connectors/temp_directory.hpp"

using namespace weir;

namespace {

const commit_intent sample{".part-sink-3-a2-7.pending", "part-00003-0000000012-001", 1234};

byte_vector encoded(const commit_intent& intent) {
  byte_vector bytes;
  encode_intent(intent, bytes);
  return bytes;
}

error_code decode_failure(const commit_intent& intent) {
  const auto decoded = decode_intent(encoded(intent));
  REQUIRE_FALSE(decoded);
  return decoded.error().code;
}

}  // namespace

TEST_CASE("names have the documented form") {
  CHECK(pending_name({{"part", "sink"}, 3, {2}, 7}) == ".part-sink-3-a2-7.pending");
  CHECK(pending_name({{"p-q", "file-sink/ü"}, 0, {1}, 0}) ==
        ".p-q-file%2Dsink%2F%C3%BC-0-a1-0.pending");
  CHECK(final_name({"part", 3, {12}, 1}) == "part-00003-0000000012-001");
  CHECK(final_name({"p-q", 123456, {12345678901}, 1000}) == "p-q-123456-12345678901-1000");
}

TEST_CASE("names are parsed to what made them") {
  for (const pending_part& part : {pending_part{{"part", "sink"}, 3, {2}, 7},
                                   pending_part{{"a-b", "c-d"}, 0, {UINT64_MAX}, UINT64_MAX},
                                   pending_part{{"a", "b-c%2D"}, UINT32_MAX, {0}, 0}}) {
    CHECK(parse_pending(pending_name(part)) == part);
  }
  for (const final_part& part : {final_part{"part", 3, {12}, 1}, final_part{"a-b", 99999, {1}, 999},
                                 final_part{"x", UINT32_MAX, {UINT64_MAX}, UINT64_MAX}}) {
    CHECK(parse_final(final_name(part)) == part);
  }
}

TEST_CASE("sinks whose prefix and uid join to the same text have different names") {
  CHECK(pending_name({{"a-b", "c"}, 0, {1}, 0}) != pending_name({{"a", "b-c"}, 0, {1}, 0}));
}

TEST_CASE("names of another form are not taken for ours") {
  for (const char* name :
       {"", ".", "..", ".pending", "part-sink-3-a2-7.pending", ".part-sink-3-a2-7",
        ".part-sink-3-2-7.pending", ".part-sink-03-a2-7.pending", ".part-sink-3-a2-+7.pending",
        ".part-sink--3-a2-7.pending", ".part-si%2dnk-3-a2-7.pending", ".part-si%2-3-a2-7.pending",
        ".part--3-a2-7.pending", ".-sink-3-a2-7.pending", "..part-sink-3-a2-7.pending",
        ".a/b-sink-3-a2-7.pending", ".part-sink-4294967296-a2-7.pending"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_pending(name));
  }
  for (const char* name :
       {"", "part", "part-3-12-1", "part-00003-0000000012-1", "part-000003-0000000012-001",
        "../part-00003-0000000012-001", ".part-00003-0000000012-001", "-00003-0000000012-001",
        "part-00003-0000000012-001.txt"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_final(name));
  }
}

TEST_CASE("a prefix or uid that cannot be part of a name is refused") {
  CHECK(check_sink_identity({"part", "sink"}));
  CHECK(check_sink_identity({"word counts-2", "any thing / at all"}));
  for (const sink_identity& bad :
       {sink_identity{"", "sink"}, sink_identity{".part", "sink"}, sink_identity{"a/b", "sink"},
        sink_identity{"a\nb", "sink"}, sink_identity{std::string(101, 'a'), "sink"},
        sink_identity{"part", ""}, sink_identity{"part", std::string(250, 'u')}}) {
    const auto checked = check_sink_identity(bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == error_code::invalid_argument);
  }
}

TEST_CASE("an intent is read back as it was written") {
  const auto decoded = decode_intent(encoded(sample));
  REQUIRE(decoded);
  CHECK(*decoded == sample);
}

TEST_CASE("an intent of a newer version is refused as incompatible") {
  byte_vector bytes = encoded(sample);
  bytes[0] = std::byte{2};
  CHECK(decode_intent(bytes).error().code == error_code::incompatible);
}

TEST_CASE("an intent that was cut or has bytes behind it is corrupt") {
  const byte_vector whole = encoded(sample);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = decode_intent(std::span(whole).first(size));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == error_code::corrupt);
  }
  byte_vector longer = whole;
  longer.push_back(std::byte{0});
  CHECK(decode_intent(longer).error().code == error_code::corrupt);
}

TEST_CASE("an intent names nothing outside its directory, and no file of another kind") {
  for (const char* pending : {"../x", "/etc/passwd", "part-00003-0000000012-001", "", ".",
                              ".part-sink-4-a2-7.pending", ".other-sink-3-a2-7.pending"}) {
    commit_intent intent = sample;
    intent.pending_name = pending;
    CHECK(decode_failure(intent) == error_code::corrupt);
  }
  for (const char* final : {"../part-00003-0000000012-001", "/etc/passwd", "", "..", "part"}) {
    commit_intent intent = sample;
    intent.final_name = final;
    CHECK(decode_failure(intent) == error_code::corrupt);
  }
}

TEST_CASE("random bytes and random damage never crash the reader") {
  auto random = test::seeded_random("part_names damage");
  for (int round = 0; round < 20'000; ++round) {
    byte_vector bytes = encoded(sample);
    if (round % 2 == 0) bytes.resize(random() % 80);
    const std::size_t changes = bytes.empty() ? 0 : 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const auto decoded = decode_intent(bytes);
    if (decoded) {
      REQUIRE(parse_pending(decoded->pending_name));
      REQUIRE(parse_final(decoded->final_name));
    }
  }
}
