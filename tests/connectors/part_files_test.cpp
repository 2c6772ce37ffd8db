// SPDX-License-Identifier: Apache-2.0
// Specifies the exactly-once file sink core (P17) without crashes: which records are visible when,
// in which files, and that a commit can be repeated and never replaces a file.
#include "connectors/part_files.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/connectors/part_files_words.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("records become visible at the commit of their epoch, not before") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "a 1\n");
  append(parts, "b 1\n");
  CHECK(visible(dir).empty());
  CHECK(parts.open_bytes() == 8);

  const auto intents = prepare(parts, 4);
  CHECK(intents ==
        std::vector<commit_intent>{{".part-sink-0-a1-0.pending", "part-00000-0000000004-000", 8}});
  CHECK(visible(dir).empty());
  CHECK(parts.open_bytes() == 0);

  commit(parts, intents);
  CHECK(dir.names() == names{"part-00000-0000000004-000"});
  CHECK(dir.read("part-00000-0000000004-000") == "a 1\nb 1\n");
  CHECK(parts.counters().committed == 1);
}

TEST_CASE("an epoch without records makes no file") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "");
  CHECK(prepare(parts, 1).empty());
  commit(parts, {});
  CHECK(dir.names().empty());
}

TEST_CASE("records behind a marker belong to the next epoch, also before the commit of this one") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "1");
  auto first = prepare(parts, 1);
  append(parts, "2");
  auto second = prepare(parts, 3);
  append(parts, "open");

  commit(parts, first);
  CHECK(visible_text(dir) == "1");
  commit(parts, second);
  CHECK(visible_text(dir) == "12");
  CHECK(hidden(dir).size() == 1);
}

TEST_CASE("an abort discards no prepared output: later commits include it") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "1");
  auto open = prepare(parts, 1);  // its checkpoint is aborted
  append(parts, "2");
  const auto second = prepare(parts, 2);
  open.insert(open.end(), second.begin(), second.end());

  commit(parts, open);
  CHECK(visible_text(dir) == "12");
}

TEST_CASE("epochs ascend") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  prepare(parts, 2);
  CHECK_THROWS_AS((void)parts.prepare({2}), invariant_broken);
}

TEST_CASE("a file is closed before it would pass the size, and an append is never parted") {
  temp_directory dir;
  part_files_options options = options_for(dir.path());
  options.roll_bytes = 10;
  part_files parts = open_parts(options);
  for (const char* records :
       {"aaaa", "bbbb", "cc", "d", "one that is longer than the bound", "e"}) {
    append(parts, records);
  }
  const auto intents = prepare(parts, 1);
  commit(parts, intents);
  REQUIRE(intents.size() == 4);
  CHECK(dir.read(intents[0].final_name) == "aaaabbbbcc");
  CHECK(dir.read(intents[1].final_name) == "d");
  CHECK(dir.read(intents[2].final_name) == "one that is longer than the bound");
  CHECK(intents[3].final_name == "part-00000-0000000001-003");
}

TEST_CASE("a file is closed a given time after its first byte") {
  temp_directory dir;
  part_files_options options = options_for(dir.path());
  options.roll_after = 10s;
  part_files parts = open_parts(options);
  append(parts, "a", 100s);
  append(parts, "b", 109s);
  append(parts, "c", 110s);
  REQUIRE(parts.on_time(119s));
  append(parts, "d", 119s);
  REQUIRE(parts.on_time(121s));
  append(parts, "e", 122s);

  const auto intents = prepare(parts, 1);
  commit(parts, intents);
  REQUIRE(intents.size() == 3);
  CHECK(dir.read(intents[0].final_name) == "ab");
  CHECK(dir.read(intents[1].final_name) == "cd");
  CHECK(dir.read(intents[2].final_name) == "e");
}

TEST_CASE("a commit may be repeated, by anyone") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "text");
  const auto intents = prepare(parts, 1);
  commit(parts, intents);
  commit(parts, intents);
  part_files other = open_parts(options_for(dir.path(), 2, {1, 2}));
  commit(other, intents);
  CHECK(visible_text(dir) == "text");
}

TEST_CASE("a commit that stopped half-way is finished by its repetition") {
  temp_directory dir;
  part_files_options options = options_for(dir.path());
  options.roll_bytes = 1;
  part_files parts = open_parts(options);
  for (const char* records : {"a", "b", "c"}) append(parts, records);
  const auto intents = prepare(parts, 1);
  commit(parts, {intents[0]});
  commit(parts, intents);
  CHECK(visible_text(dir) == "abc");
}

TEST_CASE("a commit by link that lost its unlink is finished by its repetition") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "text");
  const auto intents = prepare(parts, 1);
  std::filesystem::create_hard_link(dir / intents[0].pending_name, dir / intents[0].final_name);
  commit(parts, intents);
  CHECK(dir.names() == names{intents[0].final_name});
}

TEST_CASE("a commit never replaces a file") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "mine");
  const auto intents = prepare(parts, 1);
  dir.write(intents[0].final_name, "hers");  // as long as ours

  const auto committed = parts.commit(intents);

  REQUIRE_FALSE(committed);
  CHECK(committed.error().code == error_code::in_use);
  CHECK(committed.error().message.find(intents[0].final_name) != std::string::npos);
  CHECK(dir.read(intents[0].final_name) == "hers");
  CHECK(dir.read(intents[0].pending_name) == "mine");
}

TEST_CASE("output that is gone or has another size is an error that names the files") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "text");
  const auto intents = prepare(parts, 1);
  const auto fails_corrupt = [&] {
    const auto committed = parts.commit(intents);
    REQUIRE_FALSE(committed);
    CHECK(committed.error().code == error_code::corrupt);
    const std::string& message = committed.error().message;
    const bool named = message.find(intents[0].pending_name) != std::string::npos ||
                       message.find(intents[0].final_name) != std::string::npos;
    CHECK(named);
  };

  dir.write(intents[0].pending_name, "tex");
  fails_corrupt();
  std::filesystem::remove(dir / intents[0].pending_name);
  fails_corrupt();
  dir.write(intents[0].final_name, "longer text");
  fails_corrupt();
  dir.write(intents[0].final_name, "text");
  CHECK(parts.commit(intents));
}

TEST_CASE("the visible parts of a prefix are listed in order") {
  temp_directory dir;
  for (const char* name :
       {"part-00001-0000000002-000", "part-00000-0000000003-000", "other-00000-0000000003-000",
        "part-readme", ".part-sink-0-a1-0.pending"}) {
    dir.write(name, "x");
  }
  const auto parts = open_parts(options_for(dir.path())).directory().visible_parts("part");
  REQUIRE(parts);
  CHECK(*parts == std::vector<final_part>{{"part", 0, {3}, 0}, {"part", 1, {2}, 0}});
}
