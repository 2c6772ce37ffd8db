// SPDX-License-Identifier: Apache-2.0
// Specified here: the arithmetic of the benchmark works, and that every hand-written loop finds the
// reference sums at any parallelism. Method: published values, the independent computation of
// expected_sum, and texts with the awkward cases in them.
#include "bench/works.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bench/expected_sum.hpp"
#include "bench/hand/hand_works.hpp"
#include "bench/scratch_text.hpp"
#include "tests/bench/text_on_disk.hpp"

using namespace weir::bench;
using weir::test::text_on_disk;

namespace {

struct reference {
  std::uint64_t records;
  std::uint64_t keys;
  std::uint64_t sum;
};
constexpr reference references[] = {
    {1000, 10'000, 0x29fab5ebdec698dc},         {1000, 1'000'000, 0xb9793287f6f4f594},
    {1000, 10'000'000, 0x724f8c124cb3bb12},     {1'000'000, 10'000, 0x1b6dd6e2464c2666},
    {1'000'000, 1'000'000, 0x338f893c55cf0710}, {1'000'000, 10'000'000, 0x97d809f4fcf24809},
};

run_result count_words(const std::string& file, unsigned parallelism, word_loop loop) {
  work_settings settings;
  settings.which = work::word_count;
  settings.file = file;
  settings.parallelism = parallelism;
  settings.words = loop;
  return run_hand(settings);
}

void check_word_counts(const std::string& file) {
  const auto expected = expected_word_count(file);
  REQUIRE(expected);
  for (const word_loop loop : {word_loop::same_table, word_loop::simd}) {
    for (const unsigned parallelism : {1u, 2u, 3u}) {
      CAPTURE(to_string(loop));
      CAPTURE(parallelism);
      const run_result result = count_words(file, parallelism, loop);
      CHECK(result.failure == "");
      CHECK(result.found.records == expected.value().records);
      CHECK(result.found.sum == expected.value().sum);
    }
  }
}

}  // namespace

TEST_CASE("mix is splitmix64") {
  CHECK(mix(0) == 0xE220A8397B1DCDAF);
  CHECK(mix(golden_ratio) == 0x6E789E6AA1B965F4);
}

TEST_CASE("the fast modulus is exact for small, large and awkward divisors") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr std::uint64_t most = ~std::uint64_t{0};
  std::vector<std::uint64_t> divisors{
      1, 2, 3, 5, 10'000, 1'000'000, 10'000'000, (most >> 1) + 1, most >> 1};
  for (int i = 0; i < 200; ++i) divisors.push_back((random() >> (1 + random() % 63)) | 1);

  for (const std::uint64_t divisor : divisors) {
    const fast_modulus modulus(divisor);
    std::vector<std::uint64_t> values{0, 1, divisor - 1, divisor, divisor + 1, most, most - 1};
    values.push_back(most / divisor * divisor);
    values.push_back(most / divisor * divisor - 1);
    for (int i = 0; i < 100; ++i) values.push_back(random());
    for (const std::uint64_t value : values) {
      CAPTURE(divisor);
      CAPTURE(value);
      REQUIRE(modulus(value) == value % divisor);
    }
  }
}

TEST_CASE("a modulus of nothing is a broken invariant") {
  CHECK_THROWS_AS(fast_modulus(0), weir::invariant_broken);
}

TEST_CASE("the expected sums of keyed-count are the published ones") {
  for (const reference& each : references) {
    CAPTURE(each.records);
    CAPTURE(each.keys);
    CHECK(expected_keyed_count(each.records, each.keys) == work_sum{each.records, each.sum});
  }
}

TEST_CASE("keyed-count by hand finds the published sums at any parallelism") {
  for (const reference& each : references) {
    if (each.keys > 1'000'000)
      continue;  // tables of half a gigabyte: the benchmark itself checks those
    for (const unsigned parallelism : {1u, 2u, 3u}) {
      CAPTURE(each.records);
      CAPTURE(each.keys);
      CAPTURE(parallelism);
      work_settings settings;
      settings.keys = each.keys;
      settings.records = each.records;
      settings.parallelism = parallelism;
      const run_result result = run_hand(settings);
      CHECK(result.found == work_sum{each.records, each.sum});
      CHECK(result.threads == parallelism);
    }
  }
}

TEST_CASE("keyed-count by hand is right for few records, few keys and uneven batches") {
  for (const std::uint64_t records : {1, 2, 3, 1023, 1024, 1025, 4097}) {
    for (const std::uint64_t keys : {1, 2, 3, 7}) {
      for (const unsigned parallelism : {1u, 2u, 4u}) {
        CAPTURE(records);
        CAPTURE(keys);
        CAPTURE(parallelism);
        work_settings settings;
        settings.keys = keys;
        settings.records = records;
        settings.parallelism = parallelism;
        CHECK(run_hand(settings).found == expected_keyed_count(records, keys));
      }
    }
  }
}

TEST_CASE("the closed form of stateless is the sum of its terms, and the loops by hand find it") {
  work_sum found;
  for (std::uint64_t records = 1; records <= 100; ++records) {
    const std::uint64_t x = stateless_map(records - 1);
    if (stateless_filter(x)) found += {1, x};
    REQUIRE(expected_stateless(records) == found);
  }
  for (const std::uint64_t records : {1, 2, 1000, 1'000'003}) {
    for (const unsigned parallelism : {1u, 2u, 3u}) {
      CAPTURE(records);
      CAPTURE(parallelism);
      work_settings settings;
      settings.which = work::stateless;
      settings.records = records;
      settings.parallelism = parallelism;
      CHECK(run_hand(settings).found == expected_stateless(records));
    }
  }
}

TEST_CASE("word-count by hand finds the expected sum of a generated text") {
  const auto text = scratch_text::make(20'000, 1);
  REQUIRE(text);

  check_word_counts(text.value().path());

  const auto expected = expected_word_count(text.value().path());
  REQUIRE(expected);
  CHECK(expected.value().records == 200'000);
}

TEST_CASE(
    "word-count by hand knows empty lines, runs of spaces, long words and a missing last end") {
  const std::string fifteen(15, 'a');
  const std::string sixteen(16, 'a');
  std::string text =
      "  a b  a\n\n \na " + fifteen + " " + sixteen + " " + fifteen + "b\n" + sixteen;
  text += " " + std::string(70, 'x') + " " + std::string(70, 'x') + "y\tz c\r\nlast";
  const text_on_disk file(text);

  check_word_counts(file.path());

  const auto expected = expected_word_count(file.path());
  REQUIRE(expected);
  CHECK(expected.value().records == 12);
}

TEST_CASE("word-count by hand knows words of zero bytes, and words that differ in them only") {
  using namespace std::string_literals;
  const text_on_disk file("\0 \0\0 a a\0 \0a a\0\0\na\0 \0\n"s);

  check_word_counts(file.path());
}

TEST_CASE("word-count by hand counts a text without a word, and lines longer than its blocks") {
  check_word_counts(text_on_disk("").path());
  check_word_counts(text_on_disk("\n").path());
  std::string line;
  for (int i = 0; i < 100'000; ++i) line += std::to_string(i % 977) + ' ';
  check_word_counts(text_on_disk("first\n" + line + "\n" + line + "\nlast line").path());
  check_word_counts(text_on_disk(line).path());
}

TEST_CASE("word-count by hand grows its tables beyond the benchmark's vocabulary") {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "w" + std::to_string(i) + (i % 10 == 9 ? '\n' : ' ');
  check_word_counts(text_on_disk(text + text).path());
}

TEST_CASE("a text that is not there is a failure, not a result") {
  CHECK_FALSE(expected_word_count("/nowhere/text").has_value());
  for (const word_loop loop : {word_loop::same_table, word_loop::simd}) {
    CHECK(count_words("/nowhere/text", 1, loop).failure.find("/nowhere/text") != std::string::npos);
  }
}
