// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "common/log.hpp"
#include "common/scratch_directory.hpp"
#include "simulation/simulated_job.hpp"
#include "weir/testing.hpp"

namespace weir::testing {
namespace {

/// A directory for the runs' own use, made when the first of them is.
class scratch {
 public:
  std::filesystem::path fresh(const std::string& name) const {
    std::error_code ignored;
    std::filesystem::remove_all(directory_.path() / name, ignored);
    std::filesystem::create_directories(directory_.path() / name, ignored);
    return directory_.path() / name;
  }

 private:
  scratch_directory directory_{"weir-simulation-"};
};

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return {};
  return std::strtoull(text, nullptr, 10);
}

simulate_options with_environment(simulate_options options) {
  if (!options.read_environment) return options;
  options.runs = number_of("WEIR_SIMULATIONS").value_or(options.runs);
  options.first_seed = number_of("WEIR_FIRST_SEED").value_or(options.first_seed);
  if (const auto seed = number_of("WEIR_SEED")) {
    options.first_seed = *seed;
    options.runs = 1;
  }
  return options;
}

/// How this program was started.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string text;
  for (std::size_t at = 0; at < all.size();) {
    const std::string word = all.c_str() + at;
    at += word.size() + 1;
    const bool plain = word.find_first_of(" \t'\"*?$&|;<>()\\") == std::string::npos;
    text += (text.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return text;
}

std::vector<planned_fault> draw_faults(const simulate_options& options, std::uint64_t seed,
                                       std::uint64_t steps) {
  if (options.faults.empty() || options.faults_max == 0) return {};
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15u + 1);
  std::vector<planned_fault> drawn(1 + random() % options.faults_max);
  for (auto& one : drawn) {
    one.step =
        random() % (1 + random() % steps);  // rather early: another order may take fewer steps
    one.what = options.faults[random() % options.faults.size()];
  }
  std::sort(drawn.begin(), drawn.end(),
            [](const auto& a, const auto& b) { return a.step < b.step; });
  return drawn;
}

/// What one multiset has that the other has not, the first few of them.
std::string surplus(const std::vector<std::string>& of, const std::vector<std::string>& over) {
  std::vector<std::string> more;
  std::set_difference(of.begin(), of.end(), over.begin(), over.end(), std::back_inserter(more));
  if (more.empty()) return "none";
  std::string text = std::to_string(more.size()) + " (";
  for (std::size_t i = 0; i < std::min<std::size_t>(more.size(), 5); ++i)
    text += (i == 0 ? "'" : ", '") + more[i] + "'";
  return text + (more.size() > 5 ? ", ...)" : ")");
}

std::optional<std::string> difference(const simulated_result& expected,
                                      const simulated_result& actual) {
  for (const auto& [name, records] : expected.committed) {
    const auto found = actual.committed.find(name);
    static const std::vector<std::string> nothing;
    const auto& shown = found != actual.committed.end() ? found->second : nothing;
    if (shown == records) continue;
    return "output '" + name + "' has " + std::to_string(shown.size()) + " records, expected " +
           std::to_string(records.size()) + ": lost " + surplus(records, shown) + "; too many " +
           surplus(shown, records);
  }
  return {};
}

/// The log would repeat what the trace says, for thousands of runs; errors are told.
class quiet_log {
 public:
  quiet_log() { set_log_levels("off"); }
  ~quiet_log() {
    const char* usual = std::getenv("WEIR_LOG");
    set_log_levels(usual != nullptr ? usual : "info");
  }
  quiet_log(const quiet_log&) = delete;
  quiet_log& operator=(const quiet_log&) = delete;
};

constexpr std::uint64_t steps_without_faults_max = 5'000'000;
/// What faults may cost: a run with them may take so many steps for each of the run without.
constexpr std::uint64_t steps_per_step = 30;

/// Always the same, so that the faults of a seed do not depend on which seeds run with it.
constexpr std::uint64_t undisturbed_seed = 0;

class simulation {
 public:
  simulation(const build_job& build, simulate_options options)
      : build_(build), options_(with_environment(std::move(options))) {}

  simulation_outcome run() {
    const bool bounded = options_.steps_max != 0;
    if (!bounded) options_.steps_max = steps_without_faults_max;
    expected_ = run_seed(undisturbed_seed, {});
    if (!bounded) options_.steps_max = 1'000 + steps_per_step * expected_.steps;
    for (const auto& [name, records] : expected_.committed) outcome_.records += records.size();
    if (expected_.failure) {
      fail(undisturbed_seed, expected_, "without faults: " + *expected_.failure);
      return outcome_;
    }
    for (std::uint64_t i = 0; i < options_.runs && outcome_.passed(); ++i)
      check(options_.first_seed + i);
    return outcome_;
  }

 private:
  simulated_result run_seed(std::uint64_t seed, std::vector<planned_fault> faults) {
    return simulated_job(
               {&build_, seed, std::move(faults), options_.steps_max, directories_.fresh("run")})
        .run();
  }
  void check(std::uint64_t seed) {
    auto result = run_seed(seed, draw_faults(options_, seed, expected_.steps));
    ++outcome_.runs;
    outcome_.steps += result.steps;
    outcome_.checkpoints += result.checkpoints;
    outcome_.restored += result.restored;
    outcome_.restarts += result.restarts;
    outcome_.lost += result.lost;
    outcome_.trace_hash = outcome_.trace_hash * 0x100000001b3u ^ result.trace_hash;
    for (const auto& [what, count] : result.hits) outcome_.hits[what] += count;
    if (!result.failure) result.failure = difference(expected_, result);
    if (result.failure) fail(seed, result, *result.failure);
  }
  void fail(std::uint64_t seed, const simulated_result& result, const std::string& why) {
    outcome_.failing_seed = seed;
    outcome_.story = "seed " + std::to_string(seed) + ", after " + std::to_string(outcome_.runs) +
                     " runs: " + why + "\nagain: WEIR_SEED=" + std::to_string(seed) + " " +
                     command_line() + "\n" + result.last_steps;
  }

  const build_job& build_;
  simulate_options options_;
  quiet_log quiet_;
  scratch directories_;
  simulated_result expected_;
  simulation_outcome outcome_;
};

}  // namespace

const char* to_string(fault what) {
  switch (what) {
    case fault::task_throws:
      return "a task throws";
    case fault::task_killed:
      return "a task is killed";
    case fault::process_crashes:
      return "the process crashes";
    case fault::machine_stops:
      return "the machine stops in a write";
    case fault::store_fails:
      return "a write of the store fails";
    case fault::checkpoint_damaged:
      return "the newest checkpoint is damaged";
  }
  return "?";
}

simulation_outcome simulate(const build_job& build, simulate_options options) {
  return simulation(build, std::move(options)).run();
}

}  // namespace weir::testing
