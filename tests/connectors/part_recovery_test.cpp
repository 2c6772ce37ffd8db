// SPDX-License-Identifier: Apache-2.0
// Specifies what a crash between any two steps of the file sink core leaves, and how the next
// attempt, also with another parallelism, deals with it (P17): by example, and by property against
// a run without crashes.
#include "connectors/part_files.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/connectors/part_files_words.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("a crash before prepare leaves a file that the next attempt removes") {
  temp_directory dir;
  {
    part_files parts = open_parts(options_for(dir.path()));
    append(parts, "lost");
  }
  CHECK(hidden(dir).size() == 1);

  part_files next = open_parts(options_for(dir.path(), 2));
  const auto recovered = next.recover({});
  REQUIRE(recovered);
  CHECK(recovered->removed == 1);
  CHECK(recovered->claimed.empty());
  CHECK(dir.names().empty());
}

TEST_CASE("a crash between checkpoint and commit is made good from the intents") {
  temp_directory dir;
  std::vector<commit_intent> in_snapshot;
  {
    part_files parts = open_parts(options_for(dir.path()));
    append(parts, "kept");
    in_snapshot = prepare(parts, 1);
    append(parts, "rolled back");
    (void)prepare(parts, 2);  // its checkpoint never completes
  }

  part_files next = open_parts(options_for(dir.path(), 2));
  const auto recovered = next.recover(in_snapshot);
  REQUIRE(recovered);
  CHECK(recovered->claimed == in_snapshot);
  CHECK(recovered->removed == 1);
  commit(next, recovered->claimed);
  append(next, ", again");
  commit(next, prepare(next, 3));
  CHECK(visible_text(dir) == "kept, again");
  CHECK(hidden(dir).empty());
}

TEST_CASE("recovery removes nothing of other sinks, its own or newer attempts, or other subtasks") {
  temp_directory dir;
  const names others{".part-sink-0-a5-0.pending",  ".part-sink-0-a6-0.pending",
                     ".part-sink-1-a1-0.pending",  ".part-other-0-a1-0.pending",
                     ".other-sink-0-a1-0.pending", ".part-sink-0-a1-0.pending.swp",
                     "part-00000-0000000001-000",  "notes.txt"};
  for (const std::string& name : others) dir.write(name, "x");
  dir.write(".part-sink-0-a4-0.pending", "x");
  dir.write(".part-sink-2-a4-9.pending", "x");

  const auto recovered = open_parts(options_for(dir.path(), 5, {0, 2})).recover({});

  REQUIRE(recovered);
  CHECK(recovered->removed == 2);
  CHECK(dir.names() == others);
}

TEST_CASE("after rescaling each intent and each leftover has exactly one owner") {
  for (const std::uint32_t parallelism : {1U, 2U, 3U, 7U}) {
    temp_directory dir;
    std::vector<commit_intent> all;
    for (std::uint32_t subtask = 0; subtask < 4; ++subtask) {
      part_files parts = open_parts(options_for(dir.path(), 1, {subtask, 4}));
      append(parts, "k" + std::to_string(subtask));
      const auto intents = prepare(parts, 1);
      all.insert(all.end(), intents.begin(), intents.end());
      append(parts, "lost");
    }

    std::vector<commit_intent> claimed;
    std::uint64_t removed = 0;
    for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      part_files parts = open_parts(options_for(dir.path(), 2, {subtask, parallelism}));
      const auto recovered = parts.recover(all);
      REQUIRE(recovered);
      commit(parts, recovered->claimed);
      claimed.insert(claimed.end(), recovered->claimed.begin(), recovered->claimed.end());
      removed += recovered->removed;
    }

    CHECK(claimed.size() == all.size());
    CHECK(removed == 4);
    CHECK(visible_text(dir) == "k0k1k2k3");
    CHECK(hidden(dir).empty());
  }
}

TEST_CASE("the intents of another sink are refused") {
  temp_directory dir;
  const std::vector<commit_intent> foreign{
      {".part-other-0-a1-0.pending", "part-00000-0000000001-000", 1}};
  const auto recovered = open_parts(options_for(dir.path())).recover(foreign);
  REQUIRE_FALSE(recovered);
  CHECK(recovered.error().code == error_code::corrupt);
}

TEST_CASE("a zombie of an older attempt can make nothing visible that was rolled back") {
  temp_directory dir;
  part_files zombie = open_parts(options_for(dir.path(), 1));
  append(zombie, "stale");
  const auto stale = prepare(zombie, 1);
  part_files next = open_parts(options_for(dir.path(), 2));
  REQUIRE(next.recover({}));

  CHECK_FALSE(zombie.commit(stale));
  CHECK(visible(dir).empty());
}

TEST_CASE("whatever crashes when, the visible output is that of a run without crashes") {
  auto random = seeded_random("part_files crashes");
  for (int round = 0; round < 60; ++round) {
    temp_directory dir;
    constexpr int records = 60;
    std::uint64_t attempt = 0;
    std::uint64_t epoch = 0;
    // What a checkpoint holds: the source's position and the intents not yet confirmed.
    int checkpointed = 0;
    std::vector<commit_intent> snapshot;
    bool finished = false;

    while (!finished) {
      part_files_options options = options_for(dir.path(), ++attempt);
      options.roll_bytes = 12;
      part_files parts = open_parts(options);
      auto recovered = parts.recover(snapshot);
      REQUIRE(recovered);
      std::vector<commit_intent> open = recovered->claimed;
      const auto crash_now = [&random, attempt] { return attempt < 12 && random() % 16 == 0; };
      if (crash_now()) continue;
      commit(parts, open);
      open.clear();
      for (int at = checkpointed; !finished;) {
        if (crash_now()) break;
        if (at < records) append(parts, std::to_string(10 + at++) + "\n");
        if (at < records && random() % 6 != 0) continue;
        const auto prepared = prepare(parts, ++epoch);
        open.insert(open.end(), prepared.begin(), prepared.end());
        if (crash_now()) break;
        if (random() % 4 == 0) continue;  // this checkpoint is aborted
        checkpointed = at;
        snapshot = open;
        if (crash_now()) break;
        if (random() % 3 == 0 && !open.empty()) commit(parts, {open[0]});
        if (crash_now()) break;
        commit(parts, open);
        open.clear();
        finished = at == records;
      }
    }

    std::string expected;
    for (int i = 0; i < records; ++i) expected += std::to_string(10 + i) + "\n";
    REQUIRE(visible_text(dir) == expected);
    REQUIRE(hidden(dir).empty());
  }
}
