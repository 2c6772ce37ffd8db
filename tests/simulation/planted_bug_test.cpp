// SPDX-License-Identifier: Apache-2.0
// The bug of docs/simulation.md: an operator that keeps its state in a plain member. Every ordinary test passes, and
// the simulator finds it.
#include <doctest/doctest.h>

#include <iostream>
#include <map>

#include "tests/simulation/simulated_jobs.hpp"

namespace weir::test {
namespace {

/// Counts correctly, until the first failure: `seen` is no state handle, so that it is empty after a restart (P14).
struct count_in_a_member final : keyed_process<std::string, word, counted_word> {
  std::map<std::string, std::int64_t> seen;
  void process(const word& one, context&, collector<counted_word>& out) override {
    out.emit({one.text, ++seen[one.text]});
  }
};

void forgetful_job(environment& env, simulated_run& run) {
  env.from("lines", generate([](std::uint64_t seq) { return "word" + std::to_string(seq % 50); })
                        .count(1000)
                        .rate(300e3))
      .flat_map("split", split_line)
      .key_by([](const word& one) -> const std::string& { return one.text; })
      .process<count_in_a_member>("count")
      .to("out", run.sink<counted_word>("out"));
}

}  // namespace

TEST_CASE("without faults the planted bug does not show") {
  const auto outcome = weir::testing::simulate(forgetful_job, {.runs = 20, .faults = {}});
  CHECK_MESSAGE(outcome.passed(), outcome.story);
}

TEST_CASE("the simulator finds the planted bug, and tells how to see it again") {
  const auto outcome =
      weir::testing::simulate(forgetful_job, {.runs = 100, .read_environment = false});
  REQUIRE(!outcome.passed());
  std::cout << "found after " << outcome.runs << " runs\n" << outcome.story;
  CHECK(outcome.runs <= 20);
  CHECK(outcome.story.find("output 'out' has") != std::string::npos);
  CHECK(outcome.story.find("WEIR_SEED=" + std::to_string(*outcome.failing_seed)) !=
        std::string::npos);

  const auto again = weir::testing::simulate(
      forgetful_job, {.runs = 1, .first_seed = *outcome.failing_seed, .read_environment = false});
  CHECK(again.failing_seed == outcome.failing_seed);
}

}  // namespace weir::test
