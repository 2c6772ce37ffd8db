// SPDX-License-Identifier: Apache-2.0
// Specified here: which runs a comparison counts, repeats and reports. Method: contenders that play
// back results.
#include "bench/comparison.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace weir::bench;

namespace {

/// Gives its results one after the other, the last one for ever.
class player : public contender {
 public:
  explicit player(std::vector<run_result> results) : results_(std::move(results)) {}
  run_result run(const work_settings&) override {
    const std::size_t at = runs_ < results_.size() ? runs_ : results_.size() - 1;
    ++runs_;
    return results_[at];
  }
  std::size_t runs() const { return runs_; }

 private:
  std::vector<run_result> results_;
  std::size_t runs_ = 0;
};

constexpr std::uint64_t records = 3'000'000;
constexpr work_sum right{records, 42};

/// A run of `wall_s` that had `share` of one CPU.
run_result took(double wall_s, double share = 1) {
  run_result result;
  result.cost = {wall_s, wall_s * share};
  result.found = right;
  result.threads = 1;
  return result;
}

struct report {
  comparison_outcome outcome;
  std::vector<std::string> lines;

  bool last_has(const std::string& text) const {
    return lines.back().find(text) != std::string::npos;
  }
};

report compare(std::vector<entrant> entrants, comparison_options options) {
  report made{comparison_outcome::failed, {}};
  comparison compared({work_settings{}, records, right}, std::move(entrants), options,
                      [&made](const std::string& line) { made.lines.push_back(line); });
  made.outcome = compared.run();
  return made;
}

}  // namespace

TEST_CASE("medians leave out the warm-up, and the ratio is of medians") {
  player weir({took(9), took(1), took(3), took(2)});
  player hand({took(9), took(1), took(1), took(1)});

  const report made = compare({{"weir", &weir, {}}, {"hand", &hand, {}}}, {.rounds = 3});

  CHECK(made.outcome == comparison_outcome::correct);
  CHECK(weir.runs() == 4);
  REQUIRE(made.lines.size() == 4);
  CHECK(made.lines[0].find(R"("line": "round")") != std::string::npos);
  CHECK(made.lines[1].find(R"("weir_mrec_s": 1, )") != std::string::npos);
  CHECK(made.last_has(
      R"("line": "summary", "work": "keyed-count", "keys": 10000, "parallelism": 1)"));
  CHECK(made.last_has(R"("weir_mrec_s": 1.5, "weir_min": 1, "weir_max": 3)"));
  CHECK(made.last_has(R"("hand_mrec_s": 3, )"));
  CHECK(made.last_has(R"("ratio": 0.5, "sum_ok": true, "rounds": 3, "voided": 0, "void": false)"));
}

TEST_CASE("a round in which anyone lacked CPU is void and repeated") {
  player weir({took(1)});
  player hand({took(1), took(3, 0.8), took(1)});

  const report made =
      compare({{"weir", &weir, {}}, {"hand", &hand, {}}}, {.rounds = 2, .voids_max = 5});

  REQUIRE(made.lines.size() == 4);
  CHECK(made.lines[0].find(R"("void": true)") != std::string::npos);
  CHECK(made.last_has(R"("hand_max": 3, )"));
  CHECK(made.last_has(R"("hand_min": 3, )"));
  CHECK(made.last_has(R"("rounds": 2, "voided": 1, "void": false)"));
}

TEST_CASE("repeating ends, and a summary of void rounds says so") {
  player hand({took(1, 0.5)});

  const report made = compare({{"hand", &hand, {}}}, {.rounds = 3, .voids_max = 4});

  CHECK(made.outcome == comparison_outcome::correct);
  CHECK(hand.runs() == 6);
  CHECK(made.last_has(R"("rounds": 5, "voided": 5, "void": true)"));
}

TEST_CASE("a contender without a number of busy threads is not judged by its CPU") {
  run_result idle = took(1, 0.1);
  idle.threads = 0;
  player weir({idle});

  const report made = compare({{"weir", &weir, {}}}, {.rounds = 2});

  CHECK(made.last_has(R"("rounds": 2, "voided": 0, "void": false)"));
  CHECK_FALSE(made.last_has("weir_cpu_share"));
}

TEST_CASE("one wrong sum spoils the whole, in a warm-up and in a void round too") {
  run_result wrong = took(1);
  wrong.found.sum = 41;
  run_result wrong_and_void = took(1, 0.1);
  wrong_and_void.found.records = records - 1;
  const std::vector<std::vector<run_result>> plays{
      {wrong, took(1)}, {took(1), wrong, took(1)}, {took(1), wrong_and_void, took(1)}};
  for (const std::vector<run_result>& play : plays) {
    player hand(play);
    const report made = compare({{"hand", &hand, {}}}, {.rounds = 2});
    CHECK(made.outcome == comparison_outcome::wrong_sum);
    CHECK(made.last_has(R"("sum_ok": false)"));
  }
}

TEST_CASE("a contender that cannot run ends the comparison with its reason") {
  run_result broken;
  broken.failure = "no such state";
  player weir({took(1), broken});

  const report made = compare({{"weir", &weir, {}}}, {.rounds = 2});

  CHECK(made.outcome == comparison_outcome::failed);
  CHECK(made.last_has(R"("contender": "weir", "failure": "no such state")"));
}

TEST_CASE("with checkpoints the rate without them is compared too") {
  player weir({took(2)});
  player plain({took(1)});

  const report made = compare({{"weir", &weir, {}}, {"weir_plain", &plain, {}}}, {.rounds = 1});

  CHECK(made.last_has(R"("checkpoint_ratio": 0.5)"));
}
