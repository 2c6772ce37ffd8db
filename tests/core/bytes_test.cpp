// SPDX-License-Identifier: Apache-2.0
// Specifies byte_writer and byte_reader: exact bytes, varints at their borders, and that a reader
// that failed stays so.
#include "weir/core/bytes.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>

using weir::byte_reader;
using weir::byte_vector;
using weir::byte_writer;

namespace {

byte_vector bytes_of(std::initializer_list<int> values) {
  byte_vector bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

byte_vector varint(std::uint64_t value) {
  byte_vector bytes;
  byte_writer(bytes).varint(value);
  return bytes;
}

}  // namespace

TEST_CASE("scalars are little-endian, text has its length before it") {
  byte_vector bytes;
  byte_writer out(bytes);
  out.scalar(std::uint32_t{0x04030201});
  out.scalar(std::int8_t{-1});
  out.text("ab");
  out.raw("c", 1);
  out.raw(nullptr, 0);

  CHECK(bytes == bytes_of({1, 2, 3, 4, 255, 2, 'a', 'b', 'c'}));
  CHECK(out.size() == 9);
}

TEST_CASE("a writer appends to what is there") {
  byte_vector bytes = bytes_of({9});
  byte_writer out(bytes);
  out.scalar(true);
  CHECK(bytes == bytes_of({9, 1}));
}

TEST_CASE("what was written is read back in order") {
  byte_vector bytes;
  byte_writer out(bytes);
  out.scalar(std::int64_t{-7});
  out.varint(300);
  out.text("text");
  out.scalar(2.5);

  byte_reader in(bytes);
  CHECK(in.scalar<std::int64_t>() == -7);
  CHECK(in.varint() == 300);
  CHECK(in.text() == "text");
  CHECK(in.remaining() == 8);
  CHECK(in.scalar<double>() == 2.5);
  CHECK(in.at_end());
  CHECK(!in.failed());
}

TEST_CASE("a varint has 7 bits a byte, low ones first") {
  CHECK(varint(0) == bytes_of({0}));
  CHECK(varint(127) == bytes_of({127}));
  CHECK(varint(128) == bytes_of({0x80, 1}));
  CHECK(varint(300) == bytes_of({0xac, 2}));
  CHECK(varint(std::numeric_limits<std::uint64_t>::max()).size() == 10);
}

TEST_CASE("varints read back at every power of two, one below and one above") {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value :
         {(1ull << shift) - 1, 1ull << shift, (1ull << shift) + 1, ~(1ull << shift)}) {
      CAPTURE(value);
      const byte_vector bytes = varint(value);
      byte_reader in(bytes);
      CHECK(in.varint() == value);
      CHECK(in.at_end());
      CHECK(!in.failed());
    }
  }
}

TEST_CASE("a varint that is cut off or does not end is malformed") {
  const byte_vector cut = bytes_of({0x80});
  byte_reader short_one(cut);
  CHECK(short_one.varint() == 0);
  CHECK(short_one.failed());

  const byte_vector endless(20, std::byte{0xff});
  byte_reader long_one(endless);
  CHECK(long_one.varint() == 0);
  CHECK(long_one.failed());
}

TEST_CASE("a short read fails for good, and every later read gives zeros") {
  const byte_vector bytes = bytes_of({1, 2, 3});
  byte_reader in(bytes);

  CHECK(in.scalar<std::uint32_t>() == 0);

  CHECK(in.failed());
  CHECK(in.remaining() == 0);
  CHECK(in.scalar<std::uint8_t>() == 0);
  CHECK(in.varint() == 0);
  CHECK(in.text().empty());
  CHECK(in.take(1).empty());
  CHECK(in.failed());
}

TEST_CASE("a length beyond the end fails and gives no bytes") {
  for (const std::uint64_t size : {std::uint64_t{4}, std::numeric_limits<std::uint64_t>::max()}) {
    const byte_vector bytes = bytes_of({1, 2, 3});
    byte_reader in(bytes);
    CHECK(in.take(size).empty());
    CHECK(in.failed());
  }
  const byte_vector text = bytes_of({5, 'a', 'b'});
  byte_reader in(text);
  CHECK(in.text().empty());
  CHECK(in.failed());
}

TEST_CASE("an empty reader is at its end without having failed") {
  byte_reader in;
  CHECK(in.at_end());
  CHECK(!in.failed());
  CHECK(in.take(0).empty());
  CHECK(!in.failed());
  CHECK(in.varint() == 0);
  CHECK(in.failed());
}
