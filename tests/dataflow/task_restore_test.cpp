// SPDX-License-Identifier: Apache-2.0
// Specifies who takes over what from a checkpoint (P11, P21): by example, and for random manifests at any two degrees of
// parallelism by counting where each entry, element, split and intent goes.
#include "dataflow/task_restore.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/dataflow/graph_builder.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/snapshots.hpp"
#include "weir/core/hash.hpp"
#include "weir/core/key_group.hpp"

namespace {

using namespace weir;
using testing::make_operator;
using testing::make_state;

/// numbers/0 -> count/p with a keyed state "seen", a list "open" and a union list "all" -> a sink in the same chain.
plan plan_of(std::uint32_t parallelism, const std::string& schema = "i64") {
  graph_builder job;
  const auto source = job.source("numbers");
  job.at(source).parallelism = 1;
  const auto count = job.operation("count", source, partitioning::rebalance);
  auto& states = job.at(count).states;
  states.push_back({"seen", schema});
  states.push_back({"open", "i64", false, list_mode::split});
  states.push_back({"all", "i64", false, list_mode::union_all});
  job.sink("out", count);
  return job.make({.default_parallelism = parallelism});
}

chunk_ref keyed_chunk(std::uint64_t blob, key_group_range groups) {
  chunk_ref ref;
  ref.blob = blob;
  ref.groups = groups;
  ref.entries = 10;
  return ref;
}
chunk_ref list_chunk(std::uint64_t blob) {
  chunk_ref ref;
  ref.kind = chunk_kind::elements;
  ref.blob = blob;
  ref.entries = 1;
  return ref;
}

/// Each subtask s wrote: its key groups as two chunks 100 s + 1, 2; lists 100 s + 3, 4; a split and an intent "s".
manifest manifest_of(std::uint32_t parallelism) {
  std::vector<task_snapshot> tasks;
  for (std::uint32_t s = 0; s < parallelism; ++s) {
    const auto groups = groups_of(s, parallelism);
    const auto middle = (groups.first + groups.last) / 2;
    auto seen = make_state("seen", {keyed_chunk(100 * s + 1, {groups.first, middle}),
                                    keyed_chunk(100 * s + 2, {middle + 1, groups.last})});
    seen.entries = 20;
    seen.chain_length = 3;
    auto count =
        make_operator("count", {std::move(seen), make_state("open", {list_chunk(100 * s + 3)}),
                                make_state("all", {list_chunk(100 * s + 4)})});
    auto out = make_operator("out", {});
    count.splits.push_back({std::to_string(s), {}});
    out.intents.push_back({static_cast<std::byte>(s)});
    tasks.push_back(
        testing::make_task("count -> out", s, parallelism, {std::move(count), std::move(out)}));
  }
  auto made = testing::make_manifest({8}, std::move(tasks));
  made.key_hash_version = key_hash_version;
  return made;
}

task_restore restore_of(const manifest& from, const plan& physical, std::uint32_t subtask) {
  return plan_restore(from, physical, *physical.find_task("count/" + std::to_string(subtask)));
}

const state_restore* state_named(const task_restore& restore, const std::string& name) {
  for (const auto& part : restore.parts) {
    for (const auto& state : part.states) {
      if (state.name == name) return &state;
    }
  }
  return nullptr;
}

std::vector<std::uint64_t> blobs_of(const task_restore& restore, const std::string& name) {
  std::vector<std::uint64_t> blobs;
  if (const auto* state = state_named(restore, name)) {
    for (const auto& ref : state->chunks) blobs.push_back(ref.blob);
  }
  return blobs;
}

using blobs = std::vector<std::uint64_t>;

TEST_CASE("epoch 0 restores nothing: the start is fresh (P5)") {
  const auto physical = plan_of(2);
  const auto restore = restore_of({}, physical, 1);
  CHECK(restore.fresh);
  REQUIRE(restore.parts.size() == 2);
  CHECK(restore.parts[0].uid == "count");
  CHECK(restore.parts[0].states.empty());
}

TEST_CASE(
    "at the same parallelism a subtask takes what it wrote, and may write deltas to it (P10)") {
  const auto restore = restore_of(manifest_of(2), plan_of(2), 1);
  CHECK(!restore.fresh);
  CHECK(restore.epoch == epoch_id{8});
  CHECK(blobs_of(restore, "seen") == blobs{101, 102});
  CHECK(blobs_of(restore, "open") == blobs{103});
  CHECK(blobs_of(restore, "all") == blobs{4, 104});
  const auto* seen = state_named(restore, "seen");
  CHECK(seen->deltas_may_follow);
  CHECK(seen->chain_length == 3);
  CHECK(seen->entries == 20);
}

TEST_CASE(
    "with more subtasks each reads the chunks that overlap its key groups, and starts a full "
    "image") {
  const auto physical = plan_of(4);
  const auto from = manifest_of(2);
  CHECK(blobs_of(restore_of(from, physical, 0), "seen") == blobs{1});
  CHECK(blobs_of(restore_of(from, physical, 3), "seen") == blobs{102});
  CHECK(!state_named(restore_of(from, physical, 0), "seen")->deltas_may_follow);
  CHECK(blobs_of(restore_of(from, physical, 1), "open") == blobs{103});
  CHECK(blobs_of(restore_of(from, physical, 2), "open").empty());
}

TEST_CASE("with fewer subtasks one reads the chunks of several, in the order of each") {
  CHECK(blobs_of(restore_of(manifest_of(2), plan_of(1), 0), "seen") == blobs{1, 2, 101, 102});
}

TEST_CASE(
    "splits and intents go to every subtask of their operator, which picks its own (P17, P21)") {
  const auto physical = plan_of(3);
  for (std::uint32_t subtask = 0; subtask < 3; ++subtask) {
    const auto restore = restore_of(manifest_of(2), physical, subtask);
    CHECK(restore.parts[0].splits.size() == 2);
    CHECK(restore.parts[1].intents.size() == 2);
    CHECK(restore.parts[0].intents.empty());
  }
}

TEST_CASE("at any two parallelisms each key group, element, split and intent goes where it must") {
  const auto seed = test::print_seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; ++round) {
    const auto before = static_cast<std::uint32_t>(1 + random() % 9);
    const auto after = static_cast<std::uint32_t>(1 + random() % 9);
    CAPTURE(before);
    CAPTURE(after);
    const auto from = manifest_of(before);
    const auto physical = plan_of(after);
    std::map<std::uint64_t, int> lists;
    std::map<std::uint64_t, int> unions;
    for (std::uint32_t s = 0; s < after; ++s) {
      const auto restore = restore_of(from, physical, s);
      std::set<std::uint64_t> keyed;
      for (const auto blob : blobs_of(restore, "seen")) CHECK(keyed.insert(blob).second);
      for (const auto& task : from.tasks) {
        for (const auto& ref : task.operators[0].states[0].chunks) {
          CHECK(keyed.contains(ref.blob) == ref.groups.overlaps(groups_of(s, after)));
        }
      }
      for (const auto blob : blobs_of(restore, "open")) ++lists[blob];
      for (const auto blob : blobs_of(restore, "all")) ++unions[blob];
      CHECK(restore.parts[0].splits.size() == before);
      CHECK(restore.parts[1].intents.size() == before);
    }
    CHECK(lists.size() == before);
    for (const auto& [blob, times] : lists) CHECK(times == 1);
    CHECK(unions.size() == before);
    for (const auto& [blob, times] : unions) CHECK(times == static_cast<int>(after));
  }
}

}  // namespace
