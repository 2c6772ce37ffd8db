// SPDX-License-Identifier: Apache-2.0
// Whole jobs into which faults are injected by their settings: each fault is asserted to have hit, and the output is that
// of a run without any. Faults that end the process: crash/injection_test.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/log.hpp"
#include "tests/program/job_runs.hpp"
#include "tests/support/count_keys.hpp"

namespace {

using namespace weir;
using namespace weir::test;

constexpr std::uint64_t keys = 1000;
constexpr std::uint64_t records = 300'000;

/// numbers/0 and /1, count/0 and /1: half a second of records, a checkpoint each 10 ms.
struct counting_job {
  counting_job() : env(make_environment(directory.path() / "state", 2)) {
    env.set("execution.checkpointing.interval", "10 ms")
        .set("restart-strategy.type", "fixed-delay")
        .set("restart-strategy.fixed-delay.attempts", "100")
        .set("restart-strategy.fixed-delay.delay", "1 ms");
    env.from("numbers", generate([](std::uint64_t n) { return n * 2654435761u % keys; })
                            .count(records)
                            .rate(600'000))
        .key_by([](const std::uint64_t& key) { return key; })
        .process<count_keys>("count")
        .to("out", collect_sink(output));
  }
  counting_job& inject(const std::string& plan) {
    env.set("weir.injection.enabled", "true").set("weir.injection.plan", plan);
    return *this;
  }
  /// Every key's counts are 1, 2, ..., n without gap or repeat.
  void check_exact() const {
    CHECK(output->records().size() == records);
    std::map<std::uint64_t, std::vector<std::int64_t>> by_key;
    for (const auto& one : output->records()) by_key[one.key].push_back(one.count);
    CHECK(by_key.size() == keys);
    for (auto& [key, counts] : by_key) {
      std::sort(counts.begin(), counts.end());
      for (std::size_t i = 0; i < counts.size(); ++i) {
        REQUIRE_MESSAGE(counts[i] == static_cast<std::int64_t>(i + 1), "key ", key);
      }
    }
  }

  scratch_directory directory;
  environment env;
  std::shared_ptr<collected<counted>> output = std::make_shared<collected<counted>>();
};

std::size_t lines_with(const log_capture& log, const std::string& text) {
  const auto lines = log.lines();
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const std::string& line) { return contains(line, text); }));
}

}  // namespace

TEST_CASE("a task throws at a record, in two attempts, and another is slow: no record is lost") {
  counting_job job;
  job.inject("throw task=count/1 record=1000 times=2; slow task=count/0 record=5000 for=20ms");
  const auto report = run_to_finish(job.env);
  REQUIRE(report.faults.size() == 2);
  CHECK(report.faults[0].text == "throw task=count/1 record=1000 times=2");
  CHECK(report.faults[0].hits == 2);
  CHECK(report.faults[1].hits == 1);
  CHECK(report.restarts == 2);
  job.check_exact();
}

TEST_CASE("tasks throw and are killed in each phase of an epoch: no record is lost") {
  for (const std::string fault : {"throw", "kill"}) {
    for (const std::string phase : {"aligning", "draining", "writing", "committing"}) {
      CAPTURE(fault);
      CAPTURE(phase);
      counting_job job;
      job.inject(fault + " task=count/0 epoch=3 phase=" + phase + ";" + fault +
                 " task=numbers/1 phase=" + phase);
      const auto report = run_to_finish(job.env);
      REQUIRE(report.faults.size() == 2);
      CHECK(report.faults[0].hits == 1);
      CHECK(report.faults[1].hits == 1);
      CHECK(report.restarts >= 1);
      CHECK(report.restarts <= 2);
      job.check_exact();
    }
  }
}

TEST_CASE("writes of the store that fail cost a checkpoint each, and no record") {
  for (const std::string fault : {"write_error", "disk_full"}) {
    for (const std::string phase : {"writing", "manifest"}) {
      CAPTURE(fault);
      CAPTURE(phase);
      counting_job job;
      job.inject(fault + " disk=store times=3 phase=" + phase)
          .env.set("execution.checkpointing.tolerable-failed-checkpoints", "3");
      const auto report = run_to_finish(job.env);
      REQUIRE(report.faults.size() == 1);
      CHECK(report.faults[0].hits == 3);
      CHECK(report.checkpoints_failed >= 1);
      CHECK(report.restarts == 0);
      job.check_exact();
    }
  }
}

TEST_CASE("a store that takes nothing more fails the job by name, and the next run goes on") {
  counting_job job;
  job.inject("disk_full disk=store chance=1").env.set("restart-strategy.type", "none");
  const auto report = run(job.env);
  REQUIRE(report.state == job_state::failed);
  CHECK_MESSAGE(contains(failure_of(report), "data.mdb: injected full disk"), failure_of(report));
  CHECK(report.faults[0].hits >= 1);
  job.env.set("weir.injection.enabled", "false");
  run_to_finish(job.env);
  job.check_exact();
}

TEST_CASE("a store that is slow with a manifest holds no record up, and loses none") {
  counting_job job;
  job.inject("slow for=50ms phase=manifest times=3");
  const auto report = run_to_finish(job.env);
  CHECK(report.faults[0].hits == 3);
  CHECK(report.restarts == 0);
  job.check_exact();
}

TEST_CASE("faults that are injected into a running job hit it, and no record is lost") {
  counting_job job;
  job.env.set("weir.injection.enabled", "true");
  auto running = start(job.env);
  const auto hits = [&](std::size_t fault) { return running.status().faults.at(fault).hits; };
  REQUIRE(running.status().faults.empty());
  const std::vector<std::string> faults{"throw task=count/1", "kill task=numbers/0 phase=draining",
                                        "write_error disk=store phase=manifest"};
  for (std::size_t i = 0; i < faults.size(); ++i) {
    REQUIRE(running.inject(faults[i]));
    while (hits(i) == 0) {
      REQUIRE(running.status().state <= job_state::restarting);
      std::this_thread::yield();
    }
  }
  const auto bad = running.inject("throw task=count/7");
  REQUIRE_FALSE(bad);
  CHECK_MESSAGE(contains(bad.error().message, "there is no task count/7"), bad.error().message);
  const auto report = running.wait();
  CHECK(report.state == job_state::finished);
  CHECK(report.restarts >= 1);
  REQUIRE(report.faults.size() == faults.size());
  for (const auto& fault : report.faults) CHECK(fault.hits == 1);
  job.check_exact();
}

TEST_CASE("nothing is injected into a running job whose settings do not allow it") {
  counting_job job;
  auto running = start(job.env);
  const auto refused = running.inject("throw task=count/1");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::invalid_argument);
  CHECK_MESSAGE(contains(refused.error().message, "weir.injection.enabled is false"),
                refused.error().message);
  const auto report = running.wait();
  CHECK(report.restarts == 0);
  CHECK(report.faults.empty());
  job.check_exact();
}

TEST_CASE("an injected exception says so where the job fails") {
  counting_job job;
  job.inject("throw task=count/1 record=7").env.set("restart-strategy.type", "none");
  const auto report = run(job.env);
  REQUIRE(report.state == job_state::failed);
  CHECK_MESSAGE(contains(failure_of(report), "injected fault \"throw task=count/1 record=7\""),
                failure_of(report));
}

TEST_CASE("a fault that has never hit is reported, and the seed is logged") {
  const log_capture log;
  counting_job job;
  job.inject("throw task=count/0 record=1000000000; slow task=count/1 record=10 for=1ms")
      .env.set("weir.injection.seed", "17");
  auto running = start(job.env);
  const auto report = running.wait();
  running.wait();
  CHECK(report.state == job_state::finished);
  REQUIRE(report.faults.size() == 2);
  CHECK(report.faults[0].hits == 0);
  CHECK(report.faults[1].hits == 1);
  CHECK(lines_with(log, "weir.injection.seed=17") == 1);
  CHECK(lines_with(log, "has never hit") == 1);
  CHECK(lines_with(log, "injected fault \"throw task=count/0 record=1000000000\" has never hit") ==
        1);
  CHECK(lines_with(log, "injected fault \"slow task=count/1 record=10 for=1ms\" hits") == 1);
}

TEST_CASE("a plan that is not enabled has no effect, and says so; a bad one is an error") {
  const log_capture log;
  counting_job job;
  job.env.set("weir.injection.plan", "throw task=count/1");
  const auto report = run_to_finish(job.env);
  CHECK(report.faults.empty());
  CHECK(report.restarts == 0);
  CHECK(lines_with(log,
                   "weir.injection.plan = \"throw task=count/1\" (program) has no effect: "
                   "weir.injection.enabled is false") == 1);

  for (const char* bad : {"explode", "hang task=nothing/0", "hang task=numbers/0 record=1"}) {
    counting_job other;
    const auto refused = other.inject(bad).env.execute();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::invalid_argument);
    CHECK_MESSAGE(contains(refused.error().message, "weir.injection.plan"),
                  refused.error().message);
  }
}
