// SPDX-License-Identifier: Apache-2.0
// Specifies how deltas are put behind their bases: by example, by a random history against a plain
// model, and each way in which a base may not fit.
#include "coordinator/delta_chain.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <random>

#include "tests/support/snapshots.hpp"

using weir::epoch_id;
using weir::manifest;
using weir::resolve_deltas;
using weir::task_snapshot;

namespace {

task_snapshot snapshot_of(bool full, epoch_id base, const std::vector<std::uint64_t>& blobs) {
  auto state = weir::testing::make_state("seen");
  state.full = full;
  state.base = base;
  for (const auto blob : blobs) {
    state.chunks.emplace_back();
    state.chunks.back().blob = blob;
  }
  return weir::testing::make_task("count", 1, 2, {weir::testing::make_operator("count", {state})});
}

const weir::state_snapshot& state_of(const task_snapshot& task) {
  return task.operators.at(0).states.at(0);
}

std::vector<std::uint64_t> blobs_of(const task_snapshot& task) {
  std::vector<std::uint64_t> blobs;
  for (const auto& chunk : state_of(task).chunks) blobs.push_back(chunk.blob);
  return blobs;
}

/// Checkpoint 5: blobs 1 and 2, a delta on the full image of epoch 3.
manifest base_five() {
  auto base = weir::testing::make_manifest(epoch_id{5}, {snapshot_of(false, epoch_id{3}, {1, 2})});
  base.tasks[0].operators[0].states[0].chain_length = 2;
  return base;
}

}  // namespace

TEST_CASE("a full image stands for itself, whatever base its task wrote") {
  const auto resolved =
      resolve_deltas(snapshot_of(true, epoch_id{2}, {7, 8}), epoch_id{6}, nullptr);

  REQUIRE(resolved);
  CHECK(blobs_of(*resolved) == std::vector<std::uint64_t>{7, 8});
  CHECK(state_of(*resolved).base == epoch_id{6});
  CHECK(state_of(*resolved).chain_length == 1);
}

TEST_CASE(
    "a delta gets the chunks of its base before its own, and keeps the epoch of the full image") {
  const auto base = base_five();
  const auto resolved =
      resolve_deltas(snapshot_of(false, epoch_id{5}, {9}), epoch_id{7},
                     [&base](epoch_id epoch) { return epoch == base.epoch ? &base : nullptr; });

  REQUIRE(resolved);
  CHECK(blobs_of(*resolved) == std::vector<std::uint64_t>{1, 2, 9});
  CHECK(state_of(*resolved).base == epoch_id{3});
  CHECK(state_of(*resolved).chain_length == 3);
  CHECK_FALSE(state_of(*resolved).full);
}

TEST_CASE("an empty delta, nothing changed, still refers to all of its base") {
  const auto base = base_five();
  const auto resolved = resolve_deltas(snapshot_of(false, epoch_id{5}, {}), epoch_id{7},
                                       [&base](epoch_id) { return &base; });

  REQUIRE(resolved);
  CHECK(blobs_of(*resolved) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("a delta whose base is unknown or does not fit is refused, naming task, state and base") {
  struct example {
    const char* part;
    weir::error_code code;
    std::function<void(manifest&, task_snapshot&)> damage;
  };
  using weir::error_code;
  const example examples[] = {
      {"checkpoint 4, which is not known", error_code::not_found,
       [](manifest&, task_snapshot& t) { t.operators[0].states[0].base = epoch_id{4}; }},
      {"checkpoint 7, which is not before checkpoint 7", error_code::invariant,
       [](manifest&, task_snapshot& t) { t.operators[0].states[0].base = epoch_id{7}; }},
      {"at parallelism 4", error_code::not_found,
       [](manifest&, task_snapshot& t) { t.parallelism = 4; }},
      {"does not hold this state", error_code::not_found,
       [](manifest& m, task_snapshot&) { m.tasks[0].subtask = 0; }},
      {"does not hold this state", error_code::not_found,
       [](manifest& m, task_snapshot&) { m.tasks[0].task = "other"; }},
      {"does not hold this state", error_code::not_found,
       [](manifest& m, task_snapshot&) { m.tasks[0].operators[0].uid = "other"; }},
      {"does not hold this state", error_code::not_found,
       [](manifest& m, task_snapshot&) { m.tasks[0].operators[0].states.clear(); }},
      {"holds it as \"i32\", not as \"i64\"", error_code::incompatible,
       [](manifest& m, task_snapshot&) { m.tasks[0].operators[0].states[0].schema = "i32"; }},
  };
  for (const auto& [part, code, damage] : examples) {
    const std::string expected = part;
    CAPTURE(expected);
    auto base = base_five();
    auto task = snapshot_of(false, epoch_id{5}, {9});
    damage(base, task);
    const auto resolved = resolve_deltas(task, epoch_id{7}, [&base](epoch_id epoch) {
      return epoch == base.epoch ? &base : nullptr;
    });
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().code == code);
    CHECK(resolved.error().message.find("task count/1, state count.seen") != std::string::npos);
    CHECK(resolved.error().message.find(expected) != std::string::npos);
  }
  CHECK_FALSE(resolve_deltas(snapshot_of(false, epoch_id{5}, {}), epoch_id{7}, nullptr));
}

TEST_CASE(
    "over a random history every manifest lists the chunks from its full image on, as a model "
    "does") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  MESSAGE("seed " << seed);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 50; ++run) {
    std::map<epoch_id, manifest> kept;
    std::map<epoch_id, std::vector<std::uint64_t>> model;
    std::uint64_t blob = 0;
    for (epoch_id epoch{1}; epoch < epoch_id{40}; epoch = epoch.next()) {
      std::vector<std::uint64_t> own;
      for (auto n = random() % 4; n > 0; --n) own.push_back(++blob);
      const bool full = kept.empty() || random() % 5 == 0;
      const auto base =
          full
              ? epoch_id{0}
              : std::next(kept.begin(), static_cast<std::ptrdiff_t>(random() % kept.size()))->first;
      const auto resolved =
          resolve_deltas(snapshot_of(full, base, own), epoch, [&kept](epoch_id wanted) {
            const auto found = kept.find(wanted);
            return found == kept.end() ? nullptr : &found->second;
          });
      REQUIRE(resolved);
      auto expected = full ? std::vector<std::uint64_t>{} : model.at(base);
      expected.insert(expected.end(), own.begin(), own.end());
      REQUIRE(blobs_of(*resolved) == expected);
      if (random() % 3 == 0) continue;  // this checkpoint failed
      model[epoch] = expected;
      kept[epoch] = weir::testing::make_manifest(epoch, {*resolved});
    }
  }
}
