// SPDX-License-Identifier: Apache-2.0
// Specifies the notation of sizes by example, its refusals, and by property that printing and
// parsing agree.
#include "common/byte_size.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>
#include <random>

TEST_CASE("a size is an integer with a unit of powers of 1024, bytes without one") {
  const std::pair<const char*, std::uint64_t> examples[] = {
      {"0", 0},
      {"17", 17},
      {"17 b", 17},
      {"17 bytes", 17},
      {"1 k", 1 << 10},
      {"2KB", 2 << 10},
      {"3 kibibytes", 3072},
      {"64 mb", 64 << 20},
      {"1m", 1 << 20},
      {"1 g", 1 << 30},
      {"2 GB", 2ull << 30},
      {"1t", 1ull << 40},
      {" 5 tb ", 5ull << 40},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
  };
  for (const auto& [text, expected] : examples) {
    CAPTURE(text);
    const auto parsed = weir::parse_byte_size(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
}

TEST_CASE(
    "what is not a size, or 2^64 bytes and more, is refused with the text and what was expected") {
  for (const char* text :
       {"", "kb", "-1", "1.5 gb", "1 pb", "1 kb kb", "18446744073709551616", "16777216 tb"}) {
    CAPTURE(text);
    const auto parsed = weir::parse_byte_size(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == weir::error_code::invalid_argument);
    CHECK(parsed.error().message.find(std::string(1, '"').append(text).append("\"")) !=
          std::string::npos);
    CHECK(parsed.error().message.find("b, kb, mb, gb or tb") != std::string::npos);
  }
}

TEST_CASE("every size survives printing and parsing") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  MESSAGE("seed " << seed);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  CHECK(weir::print_byte_size(0) == "0 b");
  CHECK(weir::print_byte_size(64 << 10) == "64 kb");
  CHECK(weir::print_byte_size(1000) == "1000 b");
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t made = (random() >> (random() % 64)) << (random() % 5 * 10);
    REQUIRE(*weir::parse_byte_size(weir::print_byte_size(made)) == made);
  }
}
