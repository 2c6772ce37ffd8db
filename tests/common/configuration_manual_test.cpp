// SPDX-License-Identifier: Apache-2.0
// Checks that docs/configuration.md is what the table of keys says, and prints what differs.
#include "common/configuration_manual.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "common/configuration_key.hpp"

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The lines of `has` and `wants` between their common beginning and end.
std::string difference(std::vector<std::string> has, std::vector<std::string> wants) {
  while (!has.empty() && !wants.empty() && has.back() == wants.back()) {
    has.pop_back();
    wants.pop_back();
  }
  std::size_t same = 0;
  while (same < has.size() && same < wants.size() && has[same] == wants[same]) ++same;
  std::string text;
  for (auto i = same; i < has.size(); ++i) text += "- " + has[i] + "\n";
  for (auto i = same; i < wants.size(); ++i) text += "+ " + wants[i] + "\n";
  return text;
}

}  // namespace

TEST_CASE("docs/configuration.md is what the table says") {
  std::ifstream in(WEIR_CONFIGURATION_PAGE, std::ios::binary);
  REQUIRE_MESSAGE(in, "cannot read " WEIR_CONFIGURATION_PAGE);
  const std::string has{std::istreambuf_iterator<char>(in), {}};
  const std::string wants = weir::configuration_manual();

  CHECK_MESSAGE(has == wants,
                "the page and the table differ; make it anew with\n"
                "  build/apps/word_count config --markdown > docs/configuration.md\n"
                    << difference(lines_of(has), lines_of(wants)));
}

TEST_CASE("the page has every key once as the first cell of a row, and every row is whole") {
  const auto lines = lines_of(weir::configuration_manual());
  for (const auto& key : weir::configuration_keys()) {
    CAPTURE(key.name);
    const auto begin = "| `" + std::string(key.name) + "` |";
    std::size_t rows = 0;
    for (const auto& line : lines) rows += line.starts_with(begin) ? 1 : 0;
    CHECK(rows == 1);
  }
  for (const auto& line : lines) {
    if (line.starts_with("| ")) CHECK_MESSAGE(line.ends_with(" |"), line);
  }
}
