// SPDX-License-Identifier: Apache-2.0
// A chunk as it is stored: the bytes are fixed by an example (docs/formats.md shows the same one),
// and every change to them is found.
#include "state/blob.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/state/store_fixture.hpp"

namespace weir {
namespace {

chunk example() {
  chunk out;
  out.groups = {100, 200};
  out.entries = 1;
  for (const char c : {'w', 'e', 'i', 'r'}) out.bytes.push_back(static_cast<std::byte>(c));
  return out;
}

struct stored_chunk {
  byte_vector bytes;
  chunk_ref ref;
};

stored_chunk store(const chunk& content) {
  stored_chunk out;
  out.bytes.resize(blob_header_bytes + content.bytes.size());
  out.ref = {content.kind,
             1,
             content.groups,
             content.entries,
             static_cast<std::uint32_t>(content.bytes.size()),
             0};
  out.ref.checksum = write_blob(out.bytes, epoch_id{7}, content);
  return out;
}

}  // namespace

TEST_CASE("a blob has the bytes that docs/formats.md shows") {
  std::string hex;
  for (const std::byte b : store(example()).bytes) {
    hex += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    hex += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
  }
  CHECK(hex == "420100000100000007000000000000006400c80004000000fdfff20e5c7bbbe977656972");
}

TEST_CASE("a stored chunk is read back, also an empty one") {
  for (const std::size_t size : {0u, 1u, 65'536u}) {
    const chunk original = test::make_chunk(size, 3);
    const stored_chunk stored = store(original);
    CHECK(test::equal(read_blob(stored.bytes, stored.ref).value(), original));
  }
}

TEST_CASE("every changed or missing byte of a blob is found") {
  const stored_chunk stored = store(example());
  for (std::size_t i = 0; i < stored.bytes.size(); ++i) {
    byte_vector damaged = stored.bytes;
    damaged[i] ^= std::byte{0x10};
    const auto found = read_blob(damaged, stored.ref);
    REQUIRE(!found);
    CHECK(found.error().code == (i == 1 ? error_code::incompatible : error_code::corrupt));
    CHECK(read_blob(std::span(stored.bytes).first(i), stored.ref).error().code ==
          error_code::corrupt);
  }
}

TEST_CASE("a blob that is whole but not the expected one is corrupt and named") {
  const stored_chunk stored = store(example());
  chunk_ref other = store(test::make_chunk(4, 9)).ref;
  other.blob = 42;
  const auto found = read_blob(stored.bytes, other);
  REQUIRE(!found);
  CHECK(found.error().code == error_code::corrupt);
  CHECK(found.error().message.find("blob 42") != std::string::npos);
}

}  // namespace weir
