// SPDX-License-Identifier: Apache-2.0
// A manifest survives encoding, whatever is in it (random manifests, seed printed); and no bytes,
// however they came about, make decoding do anything but return a manifest or an error.
#include "serialization/manifest.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "serialization/frame.hpp"

namespace weir {
namespace {

std::uint64_t test_seed() {
  const char* given = std::getenv("WEIR_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

class random_manifest {
 public:
  explicit random_manifest(std::uint64_t seed) : random_(seed) {}

  manifest operator()() {
    manifest out;
    out.epoch = {number()};
    out.attempt = {number()};
    out.fence = {number()};
    out.kind = static_cast<checkpoint_kind>(number() % 4);
    out.job = text();
    out.build = text();
    out.graph_fingerprint = number();
    out.key_hash_version = static_cast<std::uint32_t>(number());
    out.created_unix_ms = number();
    out.finished = number() % 2 == 0;
    out.unreleasable_sinks = many<std::string>([&] { return text(); });
    out.tasks = many<task_snapshot>([&] { return task(); });
    return out;
  }

 private:
  std::uint64_t number() {
    const std::uint64_t kind = random_() % 4;
    if (kind == 0) return 0;
    if (kind == 1) return std::numeric_limits<std::uint64_t>::max();
    return random_();
  }
  std::string text() {
    std::string out(random_() % 20, ' ');
    for (char& c : out) c = static_cast<char>('a' + random_() % 26);
    return out;
  }
  byte_vector bytes() {
    byte_vector out(random_() % 20);
    for (std::byte& b : out) b = static_cast<std::byte>(random_());
    return out;
  }
  template <class T, class Make>
  std::vector<T> many(Make make) {
    std::vector<T> out;
    for (std::uint64_t n = random_() % 4; n != 0; --n) out.push_back(make());
    return out;
  }
  chunk_ref ref() {
    chunk_ref out;
    out.kind = static_cast<chunk_kind>(random_() % 3);
    out.blob = number();
    out.groups = {static_cast<std::uint32_t>(random_() % key_group_count),
                  static_cast<std::uint32_t>(random_() % key_group_count)};
    out.entries = static_cast<std::uint32_t>(number());
    out.bytes = static_cast<std::uint32_t>(number());
    out.checksum = number();
    return out;
  }
  state_snapshot state() {
    return {text(),
            text(),
            number() % 2 == 0,
            {number()},
            number(),
            many<chunk_ref>([&] { return ref(); }),
            static_cast<std::uint32_t>(number())};
  }
  operator_snapshot one_operator() {
    return {text(), text(), many<state_snapshot>([&] { return state(); }), many<source_split>([&] {
              return source_split{text(), bytes()};
            }),
            many<byte_vector>([&] { return bytes(); })};
  }
  task_snapshot task() {
    const auto channel = [&] {
      return channel_snapshot{text(), static_cast<std::uint32_t>(number()),
                              static_cast<std::int64_t>(number()), number() % 2 == 0,
                              number() % 2 == 0};
    };
    return {text(),
            static_cast<std::uint32_t>(number()),
            static_cast<std::uint32_t>(number()),
            number() % 2 == 0,
            many<operator_snapshot>([&] { return one_operator(); }),
            many<channel_snapshot>(channel)};
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("a manifest is the same after encoding and decoding") {
  const std::uint64_t seed = test_seed();
  CAPTURE(seed);
  random_manifest make(seed);
  for (int i = 0; i < 200; ++i) {
    const manifest original = make();
    const auto encoded = encode_manifest(original);
    REQUIRE(encoded);
    const auto decoded = decode_manifest(*encoded);
    REQUIRE(decoded);
    CHECK(*decoded == original);
  }
}

TEST_CASE("a manifest with many chunks is far below its traversal limit") {
  manifest original;
  original.tasks.resize(1);
  original.tasks[0].operators.resize(1);
  original.tasks[0].operators[0].states.resize(1);
  original.tasks[0].operators[0].states[0].chunks.resize(500'000);

  const auto decoded = decode_manifest(encode_manifest(original).value());

  REQUIRE(decoded);
  CHECK(*decoded == original);
}

TEST_CASE("a damaged or cut manifest is corrupt") {
  const byte_vector frame = encode_manifest(random_manifest(1)()).value();
  for (std::size_t i = 24; i < frame.size(); ++i) {
    byte_vector damaged = frame;
    damaged[i] ^= std::byte{1};
    CHECK(decode_manifest(damaged).error().code == error_code::corrupt);
    CHECK(decode_manifest(std::span(frame).first(i)).error().code == error_code::corrupt);
  }
}

TEST_CASE("damage under a matching checksum is an error or another manifest, never a crash") {
  // What a checksum cannot find, because it was made afterwards: the decoder stands alone.
  const std::uint64_t seed = test_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  random_manifest make(seed);
  for (int i = 0; i < 20'000; ++i) {
    byte_vector bytes;
    {
      const byte_vector frame = encode_manifest(make()).value();
      const auto inside = open_frame(frame).value();
      bytes.assign(inside.begin(), inside.end());
    }
    for (std::uint64_t n = 1 + random() % 4; n != 0; --n) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size() / 8 * 8);
    const auto decoded = decode_manifest(seal(bytes));
    if (!decoded) {
      const bool named = decoded.error().code == error_code::corrupt ||
                         decoded.error().code == error_code::incompatible;
      CHECK(named);
    }
  }
}

TEST_CASE("an empty frame and one of odd length hold no manifest") {
  CHECK(decode_manifest(seal({})).error().code == error_code::corrupt);
  CHECK(decode_manifest(seal(byte_vector(9))).error().code == error_code::corrupt);
}

TEST_CASE("a chunk of a kind that this program does not know is incompatible") {
  manifest original;
  original.tasks.resize(1);
  original.tasks[0].operators.resize(1);
  original.tasks[0].operators[0].states.resize(1);
  original.tasks[0].operators[0].states[0].chunks.resize(1);
  original.tasks[0].operators[0].states[0].chunks[0].kind = static_cast<chunk_kind>(77);

  const auto decoded = decode_manifest(encode_manifest(original).value());

  REQUIRE(!decoded);
  CHECK(decoded.error().code == error_code::incompatible);
  CHECK(decoded.error().message.find("77") != std::string::npos);
}

}  // namespace weir
