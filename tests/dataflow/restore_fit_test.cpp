// SPDX-License-Identifier: Apache-2.0
// Specifies how a program fits a checkpoint, by example: each difference between a plan and a manifest, and whether a
// restart is refused for it.
#include "dataflow/restore_fit.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/dataflow/graph_builder.hpp"
#include "tests/support/snapshots.hpp"
#include "weir/core/hash.hpp"

namespace {

using namespace weir;
using testing::make_operator;
using testing::make_state;

/// numbers -> count with a state "seen" -> out.
plan plan_of(std::uint32_t parallelism, const std::string& schema = "i64") {
  graph_builder job;
  const auto source = job.source("numbers");
  job.at(source).parallelism = 1;
  const auto count = job.operation("count", source, partitioning::rebalance);
  job.at(count).states.push_back({"seen", schema});
  job.sink("out", count);
  return job.make({.default_parallelism = parallelism});
}

manifest manifest_of(std::uint32_t parallelism, const std::string& schema = "i64") {
  std::vector<task_snapshot> tasks;
  auto numbers = make_operator("numbers", {});
  numbers.splits.push_back({"0", {}});
  tasks.push_back(testing::make_task("numbers", 0, 1, {std::move(numbers)}));
  for (std::uint32_t s = 0; s < parallelism; ++s) {
    auto seen = make_state("seen");
    seen.schema = schema;
    auto out = make_operator("out", {make_state("sum")});
    out.intents.push_back({});
    tasks.push_back(testing::make_task("count -> out", s, parallelism,
                                       {make_operator("count", {seen}), std::move(out)}));
  }
  auto made = testing::make_manifest({8}, std::move(tasks));
  made.key_hash_version = key_hash_version;
  return made;
}

const fitted_operator& named(const restore_fit& fit, const std::string& name) {
  for (const auto& one : fit.operators) {
    if (one.name == name) return one;
  }
  FAIL("no operator " << name);
  std::abort();
}

}  // namespace

TEST_CASE("the same program fits, and everything in the checkpoint is accounted for") {
  const auto fit = fit_of(manifest_of(2), plan_of(2));

  CHECK(fit.misfits.empty());
  REQUIRE(fit.operators.size() == 3);
  CHECK(named(fit, "numbers").splits == 1);
  REQUIRE(named(fit, "count").states.size() == 1);
  CHECK(named(fit, "count").states[0].fit == state_fit::same);
  CHECK(named(fit, "out").intents == 2);
  CHECK(named(fit, "out").states[0].fit == state_fit::own);
}

TEST_CASE("another parallelism fits, and is told") {
  const auto fit = fit_of(manifest_of(2), plan_of(5));

  CHECK(fit.misfits.empty());
  CHECK(named(fit, "count").written_parallelism == 2);
  CHECK(named(fit, "count").parallelism == 5);
}

TEST_CASE("fields that a record has gained are told, and fit") {
  const auto fit = fit_of(manifest_of(1, "map<string,record t{a:i64}>"),
                          plan_of(1, "map<string,record t{a:i64,b:i64}>"));

  CHECK(fit.misfits.empty());
  CHECK(named(fit, "count").states[0].fit == state_fit::evolved);
  CHECK(named(fit, "count").states[0].message.find("b' added") != std::string::npos);
}

TEST_CASE("one subtask whose state does not fit is enough") {
  auto from = manifest_of(3);
  from.tasks[2].operators[0].states[0].schema = "string";

  const auto fit = fit_of(from, plan_of(3));

  CHECK(named(fit, "count").states[0].fit == state_fit::changed);
  CHECK(fit.misfits.size() == 1);
}

TEST_CASE("a state and an operator that only the program has begin empty") {
  auto from = manifest_of(1);
  from.tasks[1].operators.pop_back();
  from.tasks[1].operators[0].states.clear();

  const auto fit = fit_of(from, plan_of(1));

  CHECK(fit.misfits.empty());
  CHECK(named(fit, "out").is_new());
  REQUIRE(named(fit, "count").states.size() == 1);
  CHECK(named(fit, "count").states[0].fit == state_fit::added);
}

TEST_CASE("a checkpoint of the same program fits, at any parallelism") {
  CHECK(misfits(manifest_of(2), plan_of(2)).empty());
  CHECK(misfits(manifest_of(2), plan_of(5)).empty());
}

TEST_CASE(
    "state that would be lost or misread is a misfit, a line each, naming operator and state") {
  auto from = manifest_of(2);

  SUBCASE("another type") {
    const auto lines = misfits(from, plan_of(2, "string"));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("operator 'count', state 'seen': was i64, is now string") == 0);
  }
  SUBCASE("a state that the program does not have") {
    from.tasks[1].operators[0].states.push_back(make_state("gone"));
    REQUIRE(misfits(from, plan_of(2)).size() == 1);
  }
  SUBCASE("an operator that the program does not have") {
    from.tasks[0].operators.push_back(make_operator("left", {make_state("x")}));
    REQUIRE(misfits(from, plan_of(2)).size() == 1);
    CHECK(misfits(from, plan_of(2))[0].find("'left'") != std::string::npos);
  }
  SUBCASE("positions of an operator that the program does not have") {
    auto left = make_operator("left", {});
    left.splits.push_back({"0", {}});
    from.tasks[0].operators.push_back(left);
    CHECK(misfits(from, plan_of(2)).size() == 1);
  }
  SUBCASE("prepared output of one") {
    auto left = make_operator("left", {});
    left.intents.push_back({});
    from.tasks[0].operators.push_back(left);
    CHECK(misfits(from, plan_of(2)).size() == 1);
  }
  SUBCASE("an operator without state may go") {
    from.tasks[0].operators.push_back(make_operator("left", {}));
    CHECK(misfits(from, plan_of(2)).empty());
  }
  SUBCASE("another key hash") {
    ++from.key_hash_version;
    CHECK(misfits(from, plan_of(2)).size() == 1);
  }
}
