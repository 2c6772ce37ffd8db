// SPDX-License-Identifier: Apache-2.0
// Specifies how a byte stream falls into lines: by example at each edge, and by property (the lines
// do not depend on the blocks) against a whole-text reference.
#include "connectors/line_splitter.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/connectors/temp_directory.hpp"

using namespace weir;

namespace {

struct cut {
  std::vector<std::string> lines;
  line_counters counters;
  std::uint64_t consumed = 0;
  line_step end = line_step::need_more;
};

cut cut_blocks(const std::vector<std::string>& blocks, line_options options = {}) {
  line_splitter splitter(options);
  cut out;
  const auto keep = [&out](std::string_view line) { out.lines.emplace_back(line); };
  for (const std::string& block : blocks) {
    out.end = splitter.feed(block, keep);
    if (out.end == line_step::too_long) break;
  }
  if (out.end != line_step::too_long) out.end = splitter.finish(keep);
  out.counters = splitter.counters();
  out.consumed = splitter.consumed();
  return out;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("lines end with LF or CRLF and may be empty") {
  const cut out = cut_blocks({"a\nbc\r\n\n\r\nd"});
  CHECK(out.lines == strings{"a", "bc", "", "", "d"});
  CHECK(out.consumed == 10);
  CHECK(out.counters.lines == 5);
}

TEST_CASE("no bytes give no line, and a final LF opens no new one") {
  CHECK(cut_blocks({}).lines.empty());
  CHECK(cut_blocks({""}).lines.empty());
  CHECK(cut_blocks({"x\n"}).lines == strings{"x"});
}

TEST_CASE("a line is put together over any number of blocks, also when CR and LF are parted") {
  CHECK(cut_blocks({"a", "b", "", "c\r", "\nd", "\n"}).lines == strings{"abc", "d"});
}

TEST_CASE("a CR that is not before an LF belongs to the line") {
  CHECK(cut_blocks({"a\rb\nc\r\r\nd\r"}).lines == strings{"a\rb", "c\r", "d\r"});
}

TEST_CASE("NUL and malformed UTF-8 pass through, and are counted when asked for") {
  const std::string odd("\0\xff\xc3\n", 4);
  const cut plain = cut_blocks({odd, "gr\xc3\xbc\xc3\x9f\n"});
  CHECK(plain.lines == strings{std::string("\0\xff\xc3", 3), "gr\xc3\xbc\xc3\x9f"});
  CHECK(plain.counters.invalid == 0);

  const cut checked = cut_blocks({odd, "gr\xc3\xbc\xc3\x9f\n"}, {.utf8 = utf8_check::count});
  CHECK(checked.lines == plain.lines);
  CHECK(checked.counters.invalid == 1);
}

TEST_CASE("well-formed UTF-8 is told from overlong forms, surrogates and cut sequences") {
  for (const char* good : {"", "plain ascii text", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "abcdefg\xc3\xa4hijklmnop"}) {
    CHECK(is_valid_utf8(good));
  }
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xc3",
                          "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                          "abcdefgh\xff", "\xe2\x28\xa1"}) {
    CHECK_FALSE(is_valid_utf8(bad));
  }
}

TEST_CASE("a line of exactly the bound is whole, with either end, in one block or many") {
  const line_options four{.length_max = 4, .too_long = long_line_policy::fail};
  CHECK(cut_blocks({"abcd\nefgh\r\n"}, four).lines == strings{"abcd", "efgh"});
  CHECK(cut_blocks({"ab", "cd", "\nefgh", "\r", "\n"}, four).lines == strings{"abcd", "efgh"});
}

TEST_CASE("truncate keeps the first bytes of a line that is too long") {
  const line_options four{.length_max = 4};
  const cut out = cut_blocks({"abcdefgh\nx\n12", "345", "678\r\ny\nlast one"}, four);
  CHECK(out.lines == strings{"abcd", "x", "1234", "y", "last"});
  CHECK(out.counters.too_long == 3);
  CHECK(out.consumed == 31);
}

TEST_CASE("skip drops a line that is too long and goes on behind it") {
  const line_options four{.length_max = 4, .too_long = long_line_policy::skip};
  const cut out = cut_blocks({"abcdefgh\nx\n12", "345", "678\r\ny\nlast one"}, four);
  CHECK(out.lines == strings{"x", "y"});
  CHECK(out.counters.too_long == 3);
  CHECK(out.consumed == 31);
}

TEST_CASE("fail stops at the begin of a line that is too long, at once and for good") {
  const line_options four{.length_max = 4, .too_long = long_line_policy::fail};
  for (const strings& blocks : {strings{"x\nabcde\ny\n"}, strings{"x\nab", "cdefg", "h\n"},
                                strings{"x\nabc", "de"}, strings{"x\nabcd\r", "\r\n"}}) {
    const cut out = cut_blocks(blocks, four);
    CHECK(out.lines == strings{"x"});
    CHECK(out.end == line_step::too_long);
    CHECK(out.counters.too_long == 1);
    CHECK(out.consumed == 2);
  }
}

TEST_CASE("an endless line takes no more memory than the bound") {
  line_splitter splitter({.length_max = 16, .too_long = long_line_policy::skip});
  const std::string block(1 << 16, 'x');
  std::string_view line;
  for (int i = 0; i < 1000; ++i) {
    splitter.begin_block(block);
    REQUIRE(splitter.next(line) == line_step::need_more);
  }
  CHECK(splitter.carried() == 1000 * block.size());

  strings lines;
  splitter.feed(std::string_view("\nshort\n"), [&](std::string_view l) { lines.emplace_back(l); });
  CHECK(lines == strings{"short"});
  CHECK(splitter.counters().too_long == 1);
}

TEST_CASE("a line that a disconnect cut off is dropped and counted, and the next stream is clean") {
  line_splitter splitter;
  strings lines;
  const auto keep = [&](std::string_view l) { lines.emplace_back(l); };
  splitter.feed(std::string_view("whole\ncut o"), keep);
  std::string_view line;

  CHECK(splitter.finish(partial_line_policy::drop, line) == line_step::need_more);
  CHECK(splitter.counters().partial_dropped == 1);
  CHECK(splitter.finish(partial_line_policy::drop, line) == line_step::need_more);
  CHECK(splitter.counters().partial_dropped == 1);

  splitter.feed(std::string_view("next\n"), keep);
  CHECK(lines == strings{"whole", "next"});
  CHECK(splitter.carried() == 0);
}

TEST_CASE("a block that is not used up cannot be replaced") {
  line_splitter splitter;
  const std::string_view text = "a\nb\n";
  std::string_view line;
  splitter.begin_block(text);
  REQUIRE(splitter.next(line) == line_step::line);
  CHECK_THROWS_AS(splitter.begin_block(text), invariant_broken);
}

TEST_CASE("the lines and counters do not depend on how the stream falls into blocks") {
  auto random = test::seeded_random("line_splitter blocks");
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 60, 'a');
    for (char& c : text) c = "ab\n\r\xc3\xa4"[random() % 6];
    const line_options options{.length_max = random() % 8,
                               .too_long = static_cast<long_line_policy>(random() % 3),
                               .utf8 = utf8_check::count};
    strings blocks;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min<std::size_t>(random() % 9, text.size() - at);
      blocks.push_back(text.substr(at, size));
      at += size;
    }
    CAPTURE(text);

    const cut whole = cut_blocks({text}, options);
    const cut parted = cut_blocks(blocks, options);

    REQUIRE(parted.lines == whole.lines);
    REQUIRE(parted.end == whole.end);
    REQUIRE(parted.consumed == whole.consumed);
    REQUIRE(parted.counters.too_long == whole.counters.too_long);
    REQUIRE(parted.counters.invalid == whole.counters.invalid);
  }
}
