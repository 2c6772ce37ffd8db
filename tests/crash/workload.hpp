// SPDX-License-Identifier: Apache-2.0
// workload is a text, and the state and output directories of the job that counts its words. What a failure-free run
// must commit is known without weir: for a word that comes n times, the lines "word 1" to "word n".
//
// Owner:      one test.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/scratch_directory.hpp"
#include "tests/crash/victim.hpp"

namespace weir::crash {

/// WEIR_TEST_SEED, or a new one; printed.
inline std::uint64_t test_seed() {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  MESSAGE("WEIR_TEST_SEED=", seed);
  return seed;
}

using strings = std::vector<std::string>;

class workload {
 public:
  /// A text of lines of two words each, out of 500 words, some much more frequent than others.
  workload(std::uint64_t seed, std::size_t lines) {
    std::mt19937_64 random(seed);
    std::geometric_distribution<std::uint64_t> rank(0.01);
    std::map<std::string, std::uint64_t> counts;
    std::ofstream text(input());
    for (std::size_t i = 0; i < 2 * lines; ++i) {
      const std::string word = "w" + std::to_string(rank(random) % 500);
      text << word << (i % 2 == 0 ? ' ' : '\n');
      expected_.push_back(word + " " + std::to_string(++counts[word]));
    }
    std::sort(expected_.begin(), expected_.end());
  }

  std::filesystem::path at(const std::string& name) const { return home_.path() / name; }
  std::filesystem::path input() const { return at("text"); }
  std::filesystem::path output() const { return at("out"); }
  /// The lines of a failure-free run, sorted.
  const strings& expected() const { return expected_; }

  /// The victim's arguments: parallelism 2, a checkpoint each 20 ms, restarts without end and delay, and these.
  strings arguments(const strings& more = {}) const {
    strings all{"input=" + input().string(),
                "output=" + output().string(),
                "state.dir=" + at("state").string(),
                "parallelism.default=2",
                "execution.checkpointing.interval=20 ms",
                "restart-strategy.type=fixed-delay",
                "restart-strategy.fixed-delay.attempts=1000000",
                "restart-strategy.fixed-delay.delay=1 ms"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  /// Starts a victim whose log is `log`.
  std::unique_ptr<victim> start(const strings& more = {}, const std::string& log = "log") const {
    return std::make_unique<victim>(arguments(more), at(log));
  }
  /// A run without faults and pauses that goes on where the others were stopped.
  void finish() const {
    auto last = start({}, "log-of-the-last");
    REQUIRE_MESSAGE(last->wait() == 0, last->log());
  }

  /// The lines of all committed files (pending ones are hidden), sorted.
  strings committed() const { return committed_in(output()); }
  static strings committed_in(const std::filesystem::path& directory) {
    strings lines;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(directory, missing)) {
      if (entry.path().filename().string().starts_with(".")) continue;
      std::istringstream file(read_file(entry.path()));
      for (std::string line; std::getline(file, line);) lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  /// Whether something is committed, but not all.
  bool is_halfway() const {
    const auto lines = committed().size();
    return lines > 0 && lines < expected_.size();
  }
  /// Checks the output of a job that has finished, line for line, and that it left nothing pending.
  void check_exact() const {
    const auto lines = committed();
    CHECK(lines.size() == expected_.size());
    const auto [got, wanted] =
        std::mismatch(lines.begin(), lines.end(), expected_.begin(), expected_.end());
    CHECK_MESSAGE((got == lines.end() && wanted == expected_.end()), "the first difference: got '",
                  (got == lines.end() ? "" : *got), "', wanted '",
                  (wanted == expected_.end() ? "" : *wanted), "'");
    for (const auto& entry : std::filesystem::directory_iterator(output())) {
      const std::string name = entry.path().filename().string();
      CHECK_MESSAGE(!name.starts_with("."), name, " is left");
    }
  }

 private:
  scratch_directory home_;
  strings expected_;
};

}  // namespace weir::crash
