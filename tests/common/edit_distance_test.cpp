// SPDX-License-Identifier: Apache-2.0
// Specifies the distance between words by example and by property, and which word is offered for a
// misspelt one.
#include "common/edit_distance.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>

using weir::edit_distance;

TEST_CASE("insert, delete, replace and swap each cost one") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("abc", "abxc") == 1);
  CHECK(edit_distance("abc", "ac") == 1);
  CHECK(edit_distance("abc", "axc") == 1);
  CHECK(edit_distance("abc", "acb") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the distance is symmetric and at most the number of edits made") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  MESSAGE("seed " << seed);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    std::string word;
    for (auto n = random() % 20; n > 0; --n) word += static_cast<char>('a' + random() % 4);
    std::string edited = word;
    const auto edits = random() % 4;
    for (std::size_t e = 0; e < edits; ++e) {
      const auto at = random() % (edited.size() + 1);
      if (random() % 2 == 0 || at == edited.size()) {
        edited.insert(at, 1, static_cast<char>('a' + random() % 4));
      } else {
        edited.erase(at, 1);
      }
    }
    REQUIRE(edit_distance(word, edited) <= edits);
    REQUIRE(edit_distance(word, edited) == edit_distance(edited, word));
    REQUIRE((edit_distance(word, edited) == 0) == (word == edited));
  }
}

TEST_CASE(
    "the nearest word is the shortest that holds the given one as a part, else the least edited") {
  const std::string_view known[] = {"execution.buffer-timeout.interval",
                                    "execution.checkpointing.interval", "state.dir"};
  CHECK(weir::nearest_word("interval", known) == "execution.checkpointing.interval");
  CHECK(weir::nearest_word("checkpointing.interval", known) == "execution.checkpointing.interval");
  CHECK(weir::nearest_word("execution.checkpoint.intervall", known) ==
        "execution.checkpointing.interval");
  CHECK(weir::nearest_word("stat.dri", known) == "state.dir");
  CHECK(weir::nearest_word("", known) == "state.dir");
  CHECK(weir::nearest_word(std::string(100'000, 'x'), known).size() > 0);
}
