// SPDX-License-Identifier: Apache-2.0
// Specifies append_text: the line that sinks write for a record of each type.
#include "weir/core/text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace app {

enum class level : std::uint8_t { low = 3 };
struct word_count {
  std::string word;
  std::int64_t count = 0;
};
WEIR_RECORD(word_count, word, count)
struct nothing {};
WEIR_RECORD(nothing)

struct money {
  std::int64_t cents = 0;
};
void to_line(std::string& out, const money& value) {
  weir::append_text(out, value.cents / 100);
  out += " EUR";
}
/// A record with a text of its own.
struct shy {
  int secret = 0;
};
WEIR_RECORD(shy, secret)
void to_line(std::string& out, const shy&) {
  out += "***";
}

}  // namespace app

namespace {

template <class T>
std::string line(const T& value) {
  std::string out;
  weir::append_text(out, value);
  return out;
}

}  // namespace

TEST_CASE("numbers are decimal, as short as they read back") {
  CHECK(line(0) == "0");
  CHECK(line(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(line(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(line(std::int8_t{-5}) == "-5");
  CHECK(line(std::uint8_t{200}) == "200");
  CHECK(line(0.1) == "0.1");
  CHECK(line(1.5f) == "1.5");
  CHECK(line(true) == "true");
  CHECK(line('x') == "x");
  CHECK(line(app::level::low) == "3");
  CHECK(line(weir::epoch_id{7}) == "7");
  CHECK(line(std::chrono::milliseconds(15)) == "15");
}

TEST_CASE("strings are verbatim but for line feeds, so that a record stays a line") {
  CHECK(line(std::string("plain text, \t\\ and \"quotes\"")) == "plain text, \t\\ and \"quotes\"");
  CHECK(line(std::string("a\nb\n\nc")) == "a\\nb\\n\\nc");
  CHECK(line(std::string("\n")) == "\\n");
  CHECK(line('\n') == "\\n");
  CHECK(line(std::string_view("view")) == "view");
  CHECK(line("literal") == "literal");
  CHECK(line(std::string()).empty());
}

TEST_CASE("fields of records, pairs and tuples have one space between") {
  CHECK(line(app::word_count{"to be", 2}) == "to be 2");
  CHECK(line(std::pair<std::string, int>{"a", 1}) == "a 1");
  CHECK(line(std::tuple<int, std::string, double>{1, "b", 2.5}) == "1 b 2.5");
  CHECK(line(app::nothing{}).empty());
  CHECK(line(std::tuple<>{}).empty());
}

TEST_CASE("containers have commas between their elements") {
  CHECK(line(std::vector<int>{1, 2, 3}) == "1,2,3");
  CHECK(line(std::vector<bool>{true, false}) == "true,false");
  CHECK(line(std::vector<int>{}).empty());
  CHECK(line(std::array<std::string, 2>{"a", "b"}) == "a,b");
  CHECK(line(std::set<char>{'b', 'a'}) == "a,b");
  CHECK(line(std::map<std::string, int>{{"a", 1}, {"b", 2}}) == "a=1,b=2");
  CHECK(line(std::vector<app::word_count>{{"x", 1}, {"y", 2}}) == "x 1,y 2");
}

TEST_CASE("optionals and variants are what they hold, or nothing") {
  CHECK(line(std::optional<int>{5}) == "5");
  CHECK(line(std::optional<int>{}).empty());
  CHECK(line(std::variant<std::monostate, int, std::string>{"s"}) == "s");
  CHECK(line(std::variant<std::monostate, int>{}).empty());
}

TEST_CASE("to_line of the type's own namespace goes first, also inside other types") {
  CHECK(line(app::money{1234}) == "12 EUR");
  CHECK(line(app::shy{1}) == "***");
  CHECK(line(std::vector<app::money>{{100}, {200}}) == "1 EUR,2 EUR");
}

TEST_CASE("append_text appends") {
  std::string out = "> ";
  weir::append_text(out, 1);
  CHECK(out == "> 1");
}
