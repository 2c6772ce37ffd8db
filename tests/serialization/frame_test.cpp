// SPDX-License-Identifier: Apache-2.0
// The frame around everything small on disk: the bytes are fixed by an example (docs/formats.md
// shows the same one), and every kind of damage to it is named, never missed and never read beyond.
#include "serialization/frame.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "weir/core/hash.hpp"

namespace weir {
namespace {

byte_vector bytes_of(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return byte_vector(begin, begin + text.size());
}

std::string hex_of(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += digits[std::to_integer<unsigned>(b) >> 4];
    out += digits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

}  // namespace

TEST_CASE("a frame has the bytes that docs/formats.md shows") {
  CHECK(hex_of(seal(bytes_of("weir"))) ==
        "574549520100000004000000000000008849df47e3d78c4f77656972");
}

TEST_CASE("an opened frame gives back what was sealed, also nothing") {
  for (const std::size_t size : {0u, 1u, 7u, 8u, 240u, 241u, 70000u}) {
    const byte_vector bytes(size, std::byte{0x5a});
    const byte_vector frame = seal(bytes);
    const auto opened = open_frame(frame);
    REQUIRE(opened);
    CHECK(byte_vector(opened->begin(), opened->end()) == bytes);
  }
}

TEST_CASE("every changed byte of a frame is found") {
  const byte_vector frame = seal(bytes_of("a weir is a low barrier"));
  for (std::size_t i = 0; i < frame.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      byte_vector damaged = frame;
      damaged[i] ^= static_cast<std::byte>(1u << bit);
      const auto opened = open_frame(damaged);
      REQUIRE(!opened);
      const bool is_version = i == 4 || i == 5;
      if (!is_version) CHECK(opened.error().code == error_code::corrupt);
    }
  }
}

TEST_CASE("a cut or lengthened frame is corrupt") {
  byte_vector frame = seal(bytes_of("weir"));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    CHECK(open_frame(std::span(frame).first(size)).error().code == error_code::corrupt);
  }
  frame.push_back(std::byte{0});
  CHECK(open_frame(frame).error().code == error_code::corrupt);
}

TEST_CASE("a frame of a newer version is incompatible and names both versions") {
  byte_vector frame = seal(bytes_of("weir"));
  frame[4] = std::byte{9};

  const auto opened = open_frame(frame);

  REQUIRE(!opened);
  CHECK(opened.error().code == error_code::incompatible);
  CHECK(opened.error().message.find("version 9") != std::string::npos);
  CHECK(opened.error().message.find("version 1") != std::string::npos);
}

}  // namespace weir
