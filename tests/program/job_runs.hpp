// SPDX-License-Identifier: Apache-2.0
// What the tests of whole jobs share: running a job to its end, comparing its output without order,
// seeds, and a fuse that lets user code throw once.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/scratch_directory.hpp"
#include "weir/weir.hpp"

namespace weir::test {

/// An environment on `state` with the given parallelism.
inline environment make_environment(const std::filesystem::path& state,
                                    std::uint32_t parallelism = 1,
                                    const std::string& name = "job") {
  environment env(name);
  env.set("state.dir", state.string()).set("parallelism.default", std::to_string(parallelism));
  return env;
}

inline job start(environment& env, const start_options& options = {}) {
  auto started = env.execute(options);
  REQUIRE_MESSAGE(started, started.error().text());
  return *started;
}
inline job_report run(environment& env, const start_options& options = {}) {
  return start(env, options).wait();
}
inline std::string failure_of(const job_report& report) {
  return report.failure ? report.failure->text() : std::string();
}
inline job_report run_to_finish(environment& env, const start_options& options = {}) {
  auto report = run(env, options);
  REQUIRE_MESSAGE(report.state == job_state::finished, failure_of(report));
  return report;
}
/// Asks for this many checkpoints, one after the other, and cancels the job. Its input must last for longer than the disk
/// can stall: bounded input comes at a rate for that.
inline job_report cancel_after_checkpoints(job running, std::uint64_t checkpoints) {
  for (std::uint64_t taken = 0; taken < checkpoints; ++taken) {
    const auto epoch = running.checkpoint().wait();
    REQUIRE_MESSAGE(epoch, epoch.error().text() << failure_of(running.status()));
  }
  running.cancel();
  return running.wait();
}

template <class T>
std::vector<T> sorted(std::vector<T> all) {
  std::sort(all.begin(), all.end());
  return all;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Burns down by one a call, and says true once, when it reaches its end. Shared by all attempts of
/// a job.
class fuse {
 public:
  explicit fuse(std::int64_t calls = -1)
      : left_(std::make_shared<std::atomic<std::int64_t>>(calls)) {}
  bool burns_out() const { return left_->fetch_sub(1) == 1; }
  void step() const {
    if (burns_out()) throw std::runtime_error("the fuse has burnt");
  }
  bool is_burnt() const { return left_->load() <= 0; }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> left_;
};

/// The seed of a random test: WEIR_TEST_SEED, or the given one.
inline std::uint64_t seed_of(std::uint64_t otherwise) {
  const char* given = std::getenv("WEIR_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

/// Mixes bits, so that what is folded into a number depends on all of it.
inline std::uint64_t mix(std::uint64_t so_far, std::uint64_t next) {
  std::uint64_t x = so_far * 0x9e3779b97f4a7c15u + next;
  x ^= x >> 31;
  return x * 0xbf58476d1ce4e5b9u;
}

}  // namespace weir::test
