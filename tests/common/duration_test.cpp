// SPDX-License-Identifier: Apache-2.0
// Specifies the notation of durations by example, its refusals, and by property that printing and
// parsing agree.
#include "common/duration.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <limits>
#include <random>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

namespace {

std::uint64_t test_seed() {
  const char* given = std::getenv("WEIR_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

}  // namespace

TEST_CASE("a duration is an integer with a unit in any case, short, long or plural") {
  const std::pair<const char*, nanoseconds> examples[] = {
      {"100 ms", 100ms}, {"1s", 1s},          {"2 min", 2min},
      {"2m", 2min},      {"  7  ", 7ms},      {"0", 0ms},
      {"3 H", 3h},       {"1 day", 24h},      {"2 Days", 48h},
      {"1 hour", 1h},    {"5 minutes", 5min}, {"9 secs", 9s},
      {"9 seconds", 9s}, {"4 millis", 4ms},   {"4 milliseconds", 4ms},
      {"6 us", 6us},     {"6 \u00b5s", 6us},  {"6 \u03bcs", 6us},
      {"6micros", 6us},  {"8\tns", 8ns},      {"8 nanoseconds", 8ns},
      {"007 s", 7s},     {"1 milli", 1ms},    {"1 microsecond", 1us},
  };
  for (const auto& [text, expected] : examples) {
    CAPTURE(text);
    const auto parsed = weir::parse_duration(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
}

TEST_CASE("what is not a duration is refused with the text and what was expected") {
  for (const char* text :
       {"", " ", "s", "-1 s", "+1 s", "1.5 s", "1 s 2", "1 parsec", "1 ms ms", "0x10", "1,000"}) {
    CAPTURE(text);
    const auto parsed = weir::parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == weir::error_code::invalid_argument);
    CHECK(parsed.error().message.find(std::string(1, '"').append(text).append("\"")) !=
          std::string::npos);
    CHECK(parsed.error().message.find("expected an integer and a unit") != std::string::npos);
  }
  CHECK(weir::parse_duration("1 parsec").error().message.find("'parsec'") != std::string::npos);
}

TEST_CASE("a duration beyond 2^63 - 1 nanoseconds is refused, the last before it is not") {
  CHECK(*weir::parse_duration("9223372036854775807 ns") == nanoseconds::max());
  for (const char* text : {"9223372036854775808 ns", "9223372036855 ms", "106752 d",
                           "18446744073709551615 d", "99999999999999999999999 ns"}) {
    CAPTURE(text);
    REQUIRE_FALSE(weir::parse_duration(text));
    CHECK(weir::parse_duration(text).error().message.find("too large") != std::string::npos);
  }
}

TEST_CASE("a duration is printed exactly in its largest whole unit, and for reports rounded") {
  CHECK(weir::print_duration(0ns) == "0 ms");
  CHECK(weir::print_duration(90s) == "90 s");
  CHECK(weir::print_duration(120s) == "2 min");
  CHECK(weir::print_duration(48h) == "2 d");
  CHECK(weir::print_duration(1500us) == "1500 us");
  CHECK(weir::print_duration(-5ms) == "-5 ms");
  CHECK(weir::print_duration(nanoseconds::min()) == "-9223372036854775808 ns");

  CHECK(weir::print_rounded(0ns) == "0 ms");
  CHECK(weir::print_rounded(1'534'567us) == "1.53 s");
  CHECK(weir::print_rounded(12'449us) == "12.4 ms");
  CHECK(weir::print_rounded(999'999us) == "1 s");
  CHECK(weir::print_rounded(185s) == "3 min 5 s");
  CHECK(weir::print_rounded(180s) == "3 min");
  CHECK(weir::print_rounded(25h) == "1 d 1 h");
  CHECK(weir::print_rounded(17ns) == "17 ns");
  CHECK(weir::print_rounded(-2s) == "-2 s");
}

TEST_CASE("every duration that is not negative survives printing and parsing") {
  const auto seed = test_seed();
  CAPTURE(seed);
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const std::uint64_t factors[] = {
      1, 1'000, 1'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000};
  for (int i = 0; i < 20'000; ++i) {
    const auto factor = factors[random() % std::size(factors)];
    const auto largest =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / factor;
    const nanoseconds made(
        static_cast<std::int64_t>((random() >> (random() % 64)) % (largest + 1) * factor));
    const auto text = weir::print_duration(made);
    CAPTURE(text);
    REQUIRE(weir::parse_duration(text));
    REQUIRE(*weir::parse_duration(text) == made);
    REQUIRE_FALSE(weir::print_rounded(made).empty());
  }
}
