// SPDX-License-Identifier: Apache-2.0
// A record that ends the process each time, without an exception (P19): started again and again, the process finds out
// which record it is, and goes on without it. The record's dead letter appears once, every other record counts once. The
// same for records that throw, while the process is killed from outside.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "tests/crash/workload.hpp"

using namespace weir::crash;

namespace {

constexpr std::uint64_t records = 20'000;
constexpr int kills = 3;
constexpr int starts_most = 40;

struct poisoned_job {
  weir::scratch_directory home;
  std::string in = "touch";
  std::uint64_t value = 12'345;
  int signal = SIGABRT;

  std::filesystem::path at(const std::string& name) const { return home.path() / name; }
  std::unique_ptr<victim> start(const strings& more = {}) const {
    strings arguments{"output=" + at("out").string(),
                      "dead=" + at("dead").string(),
                      "in=" + in,
                      "poison=" + std::to_string(value),
                      "signal=" + std::to_string(signal),
                      "kills=" + std::to_string(kills),
                      "state.dir=" + at("state").string(),
                      "parallelism.default=1",
                      "execution.checkpointing.interval=1 s",
                      "restart-strategy.type=none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<victim>(arguments, at("log"));
  }
  strings letters() const {
    strings all;
    for (const char* name : {"bad-touch", "bad-pass", "bad-count"}) {
      const auto some = workload::committed_in(at("dead") / name);
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }
};

/// Starts until the process ends by itself; how many were ended by the record: with this exit code, -1 by a signal.
int deaths_until_finished(const poisoned_job& job, int exit_code = -1, const strings& more = {}) {
  int deaths = 0;
  for (int starts = 1; starts <= starts_most; ++starts) {
    auto process = job.start(more);
    const int code = process->wait();
    if (code == 0) return deaths;
    REQUIRE_MESSAGE(code == exit_code, process->log());
    REQUIRE_MESSAGE(times(process->log(), "victim: swallowed 12345 in " + job.in) == 1,
                    process->log());
    ++deaths;
  }
  FAIL("not finished after ", starts_most, " starts");
  return deaths;
}

/// What was counted; each once.
std::set<std::uint64_t> values_once(const poisoned_job& job) {
  std::set<std::uint64_t> values;
  for (const auto& line : workload::committed_in(job.at("out"))) {
    CHECK(values.insert(std::stoull(line)).second);
  }
  return values;
}

}  // namespace

TEST_CASE("a record that kills the process is found, and sent to dead letters after its kills") {
  for (const char* in : {"touch", "pass", "count"}) {
    for (const int signal : {SIGABRT, SIGSEGV, SIGKILL}) {
      poisoned_job job;
      job.in = in;
      job.signal = signal;
      CAPTURE(in);
      CAPTURE(signal);

      const int deaths = deaths_until_finished(job);

      CHECK(deaths >= kills + 1);  // nobody looked when it died for the first time
      const auto letters = job.letters();
      REQUIRE(letters.size() == 1);
      CHECK_MESSAGE(letters[0].starts_with("operator=" + std::string(in)), letters[0]);
      CHECK_MESSAGE(letters[0].find("kills=3 ") != std::string::npos, letters[0]);
      CHECK_MESSAGE(letters[0].find("record=\"26 12345\"") != std::string::npos, letters[0]);
      CHECK_MESSAGE(letters[0].find("the process ended") != std::string::npos, letters[0]);
      const auto values = values_once(job);
      CHECK(values.size() == records - 1);
      CHECK(!values.contains(job.value));
    }
  }
}

TEST_CASE(
    "a record whose operator never returns is found by the watchdog's ends of the process (P19, "
    "P20)") {
  poisoned_job job;
  job.in = "count";
  job.signal = -1;

  const int deaths = deaths_until_finished(job, 4, {"task.hang.timeout=500 ms"});

  CHECK(deaths >= kills + 1);
  const auto letters = job.letters();
  REQUIRE(letters.size() == 1);
  CHECK_MESSAGE(letters[0].starts_with("operator=count"), letters[0]);
  const auto values = values_once(job);
  CHECK(values.size() == records - 1);
  CHECK(!values.contains(job.value));
}

TEST_CASE("dead letters appear once each, also when the process is killed again and again") {
  std::mt19937_64 random(test_seed());
  for (const char* in : {"touch", "pass", "count"}) {
    CAPTURE(in);
    poisoned_job job;
    job.in = in;
    job.signal = 0;
    const strings arguments{"every=500", "rate=40000", "execution.checkpointing.interval=5 ms"};
    int with_letters = 0;
    for (int i = 0; i < 12; ++i) {
      auto process = job.start(arguments);
      const auto before = job.letters().size();
      if (i % 4 == 3) {  // surely between two letters, however slow the machine is
        process->wait_until([&] { return job.letters().size() > before; });
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 120));
      }
      if (!process->kill_9()) break;  // it had finished
      const auto so_far = job.letters().size();
      with_letters += so_far > 0 && so_far < records / 500;
    }
    CHECK(with_letters > 0);  // some kills hit between the first and the last letter
    auto last = job.start(arguments);
    REQUIRE_MESSAGE(last->wait() == 0, last->log());

    const auto letters = job.letters();
    const std::set<std::string> identities = [&] {
      std::set<std::string> all;
      for (const auto& one : letters) all.insert(one.substr(one.find("identity="), 25));
      return all;
    }();
    CHECK(letters.size() == records / 500);
    CHECK(identities.size() == records / 500);
    const auto values = values_once(job);
    CHECK(values.size() == records - records / 500);
    for (const auto value : values) CHECK(value % 500 != job.value % 500);
  }
}
