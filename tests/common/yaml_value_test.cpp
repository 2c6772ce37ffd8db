// SPDX-License-Identifier: Apache-2.0
// Specifies how values are written as YAML, and that each text is read back as it was: by example,
// and at random from a printed seed.
#include "common/yaml_value.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "common/yaml_settings.hpp"
#include "tests/support/seed.hpp"

using weir::yaml_value;

TEST_CASE("plain texts stay as they are, all others stand in quotation marks") {
  for (const auto* plain :
       {"250 ms", "EXACTLY_ONCE", "true", "-1", "1.5", "/tmp/a-b_c.d", "9250-9260"}) {
    CHECK(yaml_value(plain) == plain);
  }
  CHECK(yaml_value("") == "\"\"");
  CHECK(yaml_value("*:*:*") == "\"*:*:*\"");
  CHECK(yaml_value("Null") == "\"Null\"");
  CHECK(yaml_value("- a") == "\"- a\"");
  CHECK(yaml_value("a \"b\" \\ c") == "\"a \\\"b\\\" \\\\ c\"");
  CHECK(yaml_value("a\nb") == "\"a\\x0ab\"");
}

TEST_CASE("what is written is read back") {
  const auto seed = weir::test::print_seed();
  std::mt19937_64 random(seed);
  const std::string letters[] = {"a",
                                 "N",
                                 "0",
                                 " ",
                                 ":",
                                 "#",
                                 "-",
                                 "\"",
                                 "\\",
                                 "'",
                                 "{",
                                 "]",
                                 ",",
                                 "*",
                                 "&",
                                 "!",
                                 "|",
                                 ">",
                                 "%",
                                 "@",
                                 "`",
                                 "~",
                                 "null",
                                 ".",
                                 "/",
                                 "\t",
                                 "\n",
                                 "?",
                                 "\xc3\xa4",
                                 "\xe2\x80\xa8",
                                 "\xf0\x9f\x8c\x8a",
                                 "\x7f",
                                 "\x01",
                                 "---",
                                 "..."};
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (auto parts = random() % 9; parts > 0; --parts)
      text += letters[random() % std::size(letters)];
    const auto read =
        weir::read_yaml_settings("before: 1\nkey: " + yaml_value(text) + "  # why\n", "f");
    CAPTURE(text);
    REQUIRE(read.mistakes.empty());
    REQUIRE(read.given.size() == 2);
    REQUIRE((read.given[1].value == text || read.given[1].value + "\n" == text));
  }
}
