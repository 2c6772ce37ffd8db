// SPDX-License-Identifier: Apache-2.0
// simulate() itself, on small jobs: the same seed gives the same run, every kind of fault hits, what is wrong is found
// and told with the command that shows it again.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/support/count_keys.hpp"
#include "weir/testing.hpp"
#include "weir/weir.hpp"

namespace weir::test {
namespace {

using weir::testing::fault;
using weir::testing::simulate;
using weir::testing::simulate_options;
using weir::testing::simulated_run;

constexpr std::uint64_t records = 10'000;

/// Three stages: source and map, keyed count, sink of its own.
void count_job(environment& env, simulated_run& run) {
  env.from("numbers", generate([](std::uint64_t seq) { return seq; }).count(records).rate(2e6))
      .map("key", [](std::uint64_t seq) { return seq * 2654435761u % 500; })
      .key_by([](std::uint64_t key) { return key; })
      .process<count_keys>("count")
      .rebalance()
      .to("out", run.sink<counted>("out"));
}

/// What this program prints when it runs one case alone, in a process of its own.
std::string output_of(const std::string& test_case) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "'" + program + "' -ns -tc='" + test_case + "'";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 512> some;
  while (std::fgets(some.data(), static_cast<int>(some.size()), pipe) != nullptr)
    text += some.data();
  CHECK(::pclose(pipe) == 0);
  return text;
}

/// What a file sink shows: names that begin with a dot or an underscore are not there yet.
std::vector<std::string> lines_of_parts(const std::filesystem::path& directory) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') || name.starts_with('_')) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("a correct job passes, and every kind of fault hits it") {
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = simulate(count_job, {.runs = 60});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK_MESSAGE(outcome.passed(), outcome.story);
  CHECK(outcome.records == records);
  for (const auto what : {fault::task_throws, fault::task_killed, fault::process_crashes,
                          fault::machine_stops, fault::store_fails}) {
    CHECK_MESSAGE(outcome.hits.contains(what), weir::testing::to_string(what));
  }
  CHECK(outcome.restarts > 0);
  CHECK(outcome.restored > 0);
  std::cout << static_cast<double>(outcome.runs) / took.count() << " runs/s, "
            << outcome.steps / outcome.runs << " steps, " << outcome.checkpoints / outcome.runs
            << " checkpoints a run, restored " << outcome.restored << ", restarts "
            << outcome.restarts << '\n';
  for (auto [k, n] : outcome.hits) std::cout << to_string(k) << ' ' << n << '\n';
}

TEST_CASE("the same seed gives the same run, another seed another") {
  const simulate_options options{.runs = 5, .first_seed = 77, .read_environment = false};
  const auto once = simulate(count_job, options);
  const auto again = simulate(count_job, options);
  CHECK(once.trace_hash == again.trace_hash);
  CHECK(once.steps == again.steps);
  CHECK(once.hits == again.hits);
  const auto other = simulate(count_job, {.runs = 5, .first_seed = 78, .read_environment = false});
  CHECK(once.trace_hash != other.trace_hash);
}

/// What a run of seeds was, in one line; for the next case, which starts this program again for it.
TEST_CASE("one process tells the hash of its runs" * doctest::skip()) {
  const auto outcome =
      simulate(count_job, {.runs = 5, .first_seed = 77, .read_environment = false});
  std::cout << "trace " << outcome.trace_hash << " steps " << outcome.steps << std::endl;
}

TEST_CASE("the same seed gives the same run in every process") {
  const auto outcome =
      simulate(count_job, {.runs = 5, .first_seed = 77, .read_environment = false});
  const std::string expected =
      "trace " + std::to_string(outcome.trace_hash) + " steps " + std::to_string(outcome.steps);
  for (int process = 0; process < 2; ++process) {
    const std::string told = output_of("one process tells*");
    CHECK_MESSAGE(told.find(expected) != std::string::npos, told);
  }
}

TEST_CASE("a job that cannot be built, fails or never ends is a failed simulation that says why") {
  const auto empty = simulate([](environment&, simulated_run&) {}, {.runs = 1});
  REQUIRE(!empty.passed());
  CHECK(empty.story.find("cannot be built") != std::string::npos);

  const auto failing = simulate(
      [](environment& env, simulated_run& run) {
        env.set("restart-strategy.type", "none");
        count_job(env, run);
      },
      {.runs = 20, .faults = {fault::task_throws}});
  REQUIRE(!failing.passed());
  CHECK(failing.story.find("the job failed") != std::string::npos);
  CHECK(failing.story.find("a simulated exception in user code") != std::string::npos);

  const auto endless = simulate(
      [](environment& env, simulated_run& run) {
        env.from("numbers", generate([](std::uint64_t seq) { return seq; }).rate(1e6))
            .to("out", run.sink<std::uint64_t>("out"));
      },
      {.runs = 1, .steps_max = 20'000});
  REQUIRE(!endless.passed());
  CHECK(endless.story.find("has not ended after 20000 steps") != std::string::npos);
}

TEST_CASE("a sink outside of the simulator is observed: part files, exactly once") {
  const auto outcome = simulate(
      [](environment& env, simulated_run& run) {
        const auto directory = run.directory() / "parts";
        env.from("numbers", generate([](std::uint64_t seq) { return seq; }).count(2000).rate(1e6))
            .to("out", file_sink(directory.string()));
        run.observe("out", [directory] { return lines_of_parts(directory); });
      },
      {.runs = 10});
  CHECK_MESSAGE(outcome.passed(), outcome.story);
  CHECK(outcome.records == 2000);
}

}  // namespace weir::test
