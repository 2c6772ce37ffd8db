// SPDX-License-Identifier: Apache-2.0
// Specified here: the bytes of the generated text, which published figures depend on. Method: sizes
// and hashes of the text of an independent generator, which draws by a search over the whole table.
#include "bench/text_generator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "weir/core/hash.hpp"

using namespace weir::bench;

namespace {

std::string text_of(std::uint64_t lines, std::uint64_t seed) {
  text_generator generator(seed);
  std::string text;
  for (std::uint64_t line = 0; line < lines; ++line) generator.append_line(text);
  return text;
}

struct reference {
  std::uint64_t lines;
  std::uint64_t seed;
  std::size_t bytes;
  std::uint64_t hash;
};

}  // namespace

TEST_CASE("the same seed gives the bytes that it always gave") {
  constexpr reference references[] = {
      {1000, 1, 73264, 0x2a565a556d098379},
      {1000, 99, 73535, 0x664ef23f9a63265f},
      {100'000, 1, 7'360'797, 0x5ae81bce716232d1},
      {100'000, 99, 7'358'829, 0x7122227031506aec},
  };
  for (const reference& each : references) {
    CAPTURE(each.lines);
    CAPTURE(each.seed);
    const std::string text = text_of(each.lines, each.seed);
    CHECK(text.size() == each.bytes);
    CHECK(weir::hash_bytes(text) == each.hash);
  }
}

TEST_CASE("a line is ten words of letters, nine spaces and one end") {
  const std::string text = text_of(100, 7);
  CHECK(std::count(text.begin(), text.end(), '\n') == 100);
  CHECK(std::count(text.begin(), text.end(), ' ') == 900);
  CHECK(text.back() == '\n');
  CHECK(text.find("  ") == std::string::npos);
  CHECK(std::all_of(text.begin(), text.end(),
                    [](char c) { return c == ' ' || c == '\n' || (c >= 'a' && c <= 'z'); }));
}

TEST_CASE("the text written to a file is the text of the generator") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  REQUIRE(write_text(file, 30'000, 3));  // more than one buffer

  const std::string expected = text_of(30'000, 3);
  std::string written(expected.size() + 1, '\0');
  std::rewind(file);
  written.resize(std::fread(written.data(), 1, written.size(), file));
  std::fclose(file);

  CHECK(written == expected);
}
