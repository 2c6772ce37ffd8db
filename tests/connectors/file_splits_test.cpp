// SPDX-License-Identifier: Apache-2.0
// Specifies which files a source reads and how they are cut (file_splits), that each line is read
// exactly once whatever the splits, blocks and restarts (split_reader, split_lines: property test),
// and what changed files give.
#include "connectors/file_splits.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "connectors/split_lines.hpp"
#include "connectors/split_reader.hpp"
#include "tests/connectors/temp_directory.hpp"

using namespace weir;

namespace {

using strings = std::vector<std::string>;

/// Reads up to `lines_max` lines of a split from `offset`; gives the offset at which the next
/// reader goes on, by a reader that has read further ahead.
std::uint64_t read_lines(const file_split& split, std::uint64_t offset, std::size_t capacity,
                         std::size_t lines_max, strings& out) {
  auto reader = split_reader::open(split, offset);
  REQUIRE(reader);
  split_lines lines(split, offset);
  std::string buffer(capacity, '\0');
  while (lines.needs_block()) {
    const auto block = reader->read_block(buffer.data(), buffer.size());
    REQUIRE_MESSAGE(block, block.error().text());
    lines.on_block(*block);
    std::string_view line;
    while (lines_max != 0 && lines.next_line(line)) {
      out.emplace_back(line);
      --lines_max;
    }
    if (lines_max == 0) return lines.offset_after_last_line();
  }
  CHECK(lines.finished());
  CHECK(lines.offset_after_last_line() >= split.end);
  return lines.offset_after_last_line();
}

strings read_split(const file_split& split, std::size_t capacity = 4096) {
  strings out;
  read_lines(split, split.begin, capacity, SIZE_MAX, out);
  return out;
}

/// The reference: what a whole-file reader gives.
strings lines_of(const std::string& text) {
  strings out;
  line_splitter splitter;
  const auto keep = [&](std::string_view line) { out.emplace_back(line); };
  splitter.feed(text, keep);
  splitter.finish(keep);
  return out;
}

error_code code_of(const std::vector<std::string>& paths, const split_options& options = {}) {
  const auto splits = enumerate_splits(paths, options);
  REQUIRE_FALSE(splits);
  INFO(splits.error().message);
  CHECK(splits.error().message.find('\'') != std::string::npos);  // it names the path
  return splits.error().code;
}

result<split_block> read_after_open(const file_split& split, std::uint64_t offset) {
  auto reader = split_reader::open(split, offset);
  if (!reader) return reader.error();
  static char buffer[64];
  return reader->read_block(buffer, sizeof buffer);
}

}  // namespace

TEST_CASE("a file is cut into ranges of the split size, and named by path and begin") {
  const auto splits = cut_file("f", 10, 4);
  REQUIRE(splits.size() == 3);
  CHECK(splits[0] == file_split{"f", 0, 4, 10});
  CHECK(splits[1] == file_split{"f", 4, 8, 10});
  CHECK(splits[2] == file_split{"f", 8, 10, 10});
  CHECK(splits[2].id() == "f:8");
  CHECK(cut_file("f", 0, 4).empty());
  CHECK(cut_file("f", 4, 4).size() == 1);
}

TEST_CASE("a directory gives its visible regular files in order of their names") {
  test::temp_directory dir;
  for (const char* name : {"b", "a", "c.txt", ".hidden", ".part-x-0-a1-0.pending"})
    dir.write(name, "x\n");
  dir.write("empty", "");
  std::filesystem::create_directory(dir / "inner");
  dir.write("inner/d", "x\n");
  std::filesystem::create_symlink(dir / "inner/d", dir / "link");

  const auto splits = enumerate_splits({dir.path() + "/"});

  REQUIRE(splits);
  strings paths;
  for (const file_split& split : *splits) paths.push_back(split.path);
  CHECK(paths == strings{dir / "a", dir / "b", dir / "c.txt", dir / "link"});
}

TEST_CASE("several paths are read in the order given") {
  test::temp_directory dir;
  const auto splits = enumerate_splits({dir.write("z", "1\n"), dir.write("y", "22\n")});
  REQUIRE(splits);
  REQUIRE(splits->size() == 2);
  CHECK((*splits)[0].path == dir / "z");
  CHECK((*splits)[1].file_size_seen == 3);
}

TEST_CASE("an input that cannot be read is refused with its path") {
  test::temp_directory dir;
  const std::string file = dir.write("f", "x\n");
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);

  CHECK(code_of({dir / "missing"}) == error_code::not_found);
  CHECK(enumerate_splits({""}).error().code == error_code::invalid_argument);
  CHECK(code_of({file + "/below"}) == error_code::invalid_argument);
  CHECK(code_of({dir / "fifo"}) == error_code::invalid_argument);
  CHECK(code_of({file, file}) == error_code::invalid_argument);
  CHECK(code_of({dir.path(), dir / "./f"}) == error_code::invalid_argument);
  CHECK(enumerate_splits({file}, {.split_bytes = 0}).error().code == error_code::invalid_argument);
}

TEST_CASE("a directory entry that leads nowhere is refused, not skipped") {
  test::temp_directory dir;
  std::filesystem::create_symlink(dir / "missing", dir / "dangling");
  CHECK(code_of({dir.path()}) == error_code::not_found);
}

TEST_CASE("a file without read permission is refused") {
  if (::geteuid() == 0) {
    std::cout << "skipped: root may read every file\n";
    return;
  }
  test::temp_directory dir;
  const std::string file = dir.write("f", "x\n");
  REQUIRE(::chmod(file.c_str(), 0) == 0);
  CHECK(code_of({file}) == error_code::invalid_argument);
}

TEST_CASE("more files or splits than the bound are refused") {
  test::temp_directory dir;
  for (const char* name : {"a", "b", "c"}) dir.write(name, "0123456789");
  CHECK(enumerate_splits({dir.path()}, {.files_max = 3}));
  CHECK(code_of({dir.path()}, {.files_max = 2}) == error_code::limit);
  CHECK(code_of({dir / "a", dir / "b"}, {.files_max = 1}) == error_code::limit);
  CHECK(code_of({dir.path()}, {.split_bytes = 1, .splits_max = 25}) == error_code::limit);
}

TEST_CASE("a line belongs to the split that holds its first byte") {
  test::temp_directory dir;
  const std::string file = dir.write("f", "aaaa\nbb\ncccccccccc\nd");  // begins: 0, 5, 8, 19
  const auto splits = *enumerate_splits({file}, {.split_bytes = 5});
  REQUIRE(splits.size() == 4);

  CHECK(read_split(splits[0]) == strings{"aaaa"});
  CHECK(read_split(splits[1]) == strings{"bb", "cccccccccc"});
  CHECK(read_split(splits[2]).empty());
  CHECK(read_split(splits[3]) == strings{"d"});
}

TEST_CASE("a split inside one long line reads no further than itself to find that out") {
  test::temp_directory dir;
  const std::string file = dir.write("f", std::string(1000, 'x'));
  const file_split split{file, 100, 200, 1000};
  auto reader = split_reader::open(split, 100);
  REQUIRE(reader);
  char buffer[64];
  int blocks = 0;
  while (true) {
    const auto block = reader->read_block(buffer, sizeof buffer);
    REQUIRE(block);
    CHECK(block->bytes.empty());
    ++blocks;
    if (!block->last) continue;
    CHECK(block->offset == 200);
    break;
  }
  CHECK(blocks == 2);  // 100 bytes
}

TEST_CASE("every line is read exactly once, whatever the splits, the blocks and the restarts") {
  auto random = test::seeded_random("file_splits exact lines");
  test::temp_directory dir;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::size_t lines = random() % 40;
    for (std::size_t i = 0; i < lines; ++i) {
      text += std::string(random() % (random() % 8 == 0 ? 60 : 6), "xyz\r"[random() % 4]);
      text += random() % 4 == 0 ? "\r\n" : "\n";
    }
    if (random() % 2 == 0) text += "no newline at the end";
    const std::string file = dir.write("f", text);
    const split_options options{.split_bytes = 1 + random() % 50};
    const auto splits = enumerate_splits({file}, options);
    REQUIRE(splits);

    strings got;
    for (const file_split& split : *splits) {
      std::uint64_t offset = split.begin;
      for (int stops = static_cast<int>(random() % 4); stops > 0; --stops) {
        offset = read_lines(split, offset, 1 + random() % 40, random() % 5, got);
      }
      read_lines(split, offset, 1 + random() % 40, SIZE_MAX, got);
    }

    CAPTURE(text);
    CAPTURE(options.split_bytes);
    REQUIRE(got == lines_of(text));
  }
}

TEST_CASE("the offset after each line is where the next one begins") {
  test::temp_directory dir;
  const file_split split{dir.write("f", "a\r\n\nccc\nd"), 0, 9, 9};
  auto reader = split_reader::open(split, 0);
  char buffer[3];
  split_lines lines(split, 0);
  std::vector<std::uint64_t> offsets{lines.offset_after_last_line()};
  std::string_view line;
  while (lines.needs_block()) {
    lines.on_block(*reader->read_block(buffer, sizeof buffer));
    while (lines.next_line(line)) offsets.push_back(lines.offset_after_last_line());
  }
  CHECK(offsets == std::vector<std::uint64_t>{0, 3, 4, 8, 9});
  CHECK_FALSE(lines.next_line(line));
}

TEST_CASE("a split that was read to its end gives nothing more") {
  test::temp_directory dir;
  const file_split split{dir.write("f", "aaaa\nbb\n"), 0, 3, 8};
  for (const std::uint64_t offset : {3, 5, 8}) {
    const auto block = read_after_open(split, offset);
    REQUIRE(block);
    CHECK(block->last);
    CHECK(block->bytes.empty());
    CHECK(block->offset == offset);
  }
}

TEST_CASE("what a file grew by is not read, and reported") {
  test::temp_directory dir;
  const auto splits = *enumerate_splits({dir.write("f", "one\ntw")});
  dir.write("f", "one\ntwo\nthree\n");

  const auto reader = split_reader::open(splits[0], 0);
  REQUIRE(reader);
  CHECK(reader->grown_bytes() == 8);
  CHECK(read_split(splits[0]) == strings{"one", "tw"});
}

TEST_CASE("a file that is missing, shorter or of another kind is an error when opened") {
  test::temp_directory dir;
  const auto splits = *enumerate_splits({dir.write("f", "one\ntwo\n")});

  dir.write("f", "one\n");
  CHECK(split_reader::open(splits[0], 0).error().code == error_code::corrupt);
  std::filesystem::remove(dir / "f");
  CHECK(split_reader::open(splits[0], 0).error().code == error_code::not_found);
  std::filesystem::create_directory(dir / "f");
  CHECK(split_reader::open(splits[0], 0).error().code == error_code::invalid_argument);
  std::filesystem::remove(dir / "f");
  REQUIRE(::mkfifo((dir / "f").c_str(), 0600) == 0);
  CHECK(split_reader::open(splits[0], 0).error().code == error_code::invalid_argument);
}

TEST_CASE("a file that shrinks while it is read is an error") {
  test::temp_directory dir;
  const auto splits = *enumerate_splits({dir.write("f", "one\ntwo\n")});
  auto reader = split_reader::open(splits[0], 0);
  REQUIRE(reader);
  std::filesystem::resize_file(dir / "f", 2);
  char buffer[16];
  REQUIRE(reader->read_block(buffer, sizeof buffer));
  const auto next = reader->read_block(buffer, sizeof buffer);
  REQUIRE_FALSE(next);
  CHECK(next.error().code == error_code::corrupt);
  CHECK(next.error().message.find(dir / "f") != std::string::npos);
}

TEST_CASE("a resume at an offset where no line begins tells that the file was replaced") {
  test::temp_directory dir;
  const auto splits = *enumerate_splits({dir.write("f", "one\ntwo\n")});
  CHECK(read_after_open(splits[0], 4));
  dir.write("f", "other\nbytes\n");
  const auto block = read_after_open(splits[0], 4);
  REQUIRE_FALSE(block);
  CHECK(block.error().code == error_code::corrupt);
}

TEST_CASE("an offset outside the split is refused") {
  test::temp_directory dir;
  const file_split split{dir.write("f", "one\ntwo\n"), 4, 8, 8};
  CHECK(split_reader::open(split, 3).error().code == error_code::invalid_argument);
  CHECK(split_reader::open(split, 9).error().code == error_code::invalid_argument);
}

TEST_CASE("a line that is too long fails the split where it begins, when asked to") {
  test::temp_directory dir;
  const file_split split{dir.write("f", "ok\n0123456789\n"), 0, 14, 14};
  auto reader = split_reader::open(split, 0);
  char buffer[64];
  split_lines lines(split, 0, {.length_max = 5, .too_long = long_line_policy::fail});
  lines.on_block(*reader->read_block(buffer, sizeof buffer));
  std::string_view line;
  CHECK(lines.next_line(line));
  CHECK_FALSE(lines.next_line(line));
  CHECK(lines.failed());
  CHECK_FALSE(lines.needs_block());
  CHECK(lines.offset_after_last_line() == 3);
  CHECK(lines.failure().code == error_code::corrupt);
  CHECK(lines.failure().message.find("offset 3") != std::string::npos);
}
