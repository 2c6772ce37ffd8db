// SPDX-License-Identifier: Apache-2.0
// fake_host is the task around a connector, under the test's control: it decides when a lane job
// runs and when the task hears of it, keeps the reports, and has a clock of its own.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/task_error.hpp"
#include "weir/core/unit.hpp"

namespace weir::test {

class fake_host final : public unit_host {
 public:
  explicit fake_host(std::uint32_t index = 0, std::uint32_t parallelism = 1,
                     std::uint64_t attempt = 1)
      : subtask_{"task", index, parallelism, {attempt}} {}

  const subtask_info& subtask() const override { return subtask_; }
  void submit(std::unique_ptr<lane_job> job) override { jobs_.push_back(std::move(job)); }
  void wake() override { ++wakes_; }
  steady_time now() const override { return now_; }
  std::int64_t wall_us() const override { return 0; }
  void report(std::string_view text) override { reports_.emplace_back(text); }
  std::shared_ptr<disk_faults> journal_faults() override { return faults_; }

  /// Runs the oldest job that has not run; the task does not hear of it yet.
  void run_one() {
    REQUIRE_FALSE(jobs_.empty());
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job->run();
    ran_.push_back(std::move(job));
  }
  /// Tells the task of the oldest job that ran.
  void finish_one() {
    REQUIRE_FALSE(ran_.empty());
    const auto job = std::move(ran_.front());
    ran_.pop_front();
    job->done();
  }
  /// One of the two, at random; false when there is nothing to do.
  template <class Random>
  bool do_one(Random& random) {
    if (jobs_.empty() && ran_.empty()) return false;
    const bool run = ran_.empty() || (!jobs_.empty() && random() % 2 == 0);
    run ? run_one() : finish_one();
    return true;
  }
  /// Runs and finishes jobs, and those that follow from them, until there are none.
  void settle() {
    while (!jobs_.empty() || !ran_.empty()) {
      if (!jobs_.empty()) run_one();
      if (!ran_.empty()) finish_one();
    }
  }
  /// The job in turn, for a test that runs it on a thread; give it back to ran().
  std::unique_ptr<lane_job> take_job() {
    REQUIRE_FALSE(jobs_.empty());
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }
  void ran(std::unique_ptr<lane_job> job) { ran_.push_back(std::move(job)); }
  /// A rollback, or a crash: nobody hears of any job any more.
  void forget_jobs() {
    jobs_.clear();
    ran_.clear();
  }
  /// What goes wrong with the disk of a journal that is opened from now on.
  void inject(std::shared_ptr<disk_faults> faults) { faults_ = std::move(faults); }
  void pass(steady_time::duration time) { now_ += time; }

  std::size_t jobs() const { return jobs_.size(); }
  std::size_t wakes() const { return wakes_; }
  const std::vector<std::string>& reports() const { return reports_; }
  std::size_t reports_with(std::string_view text) const {
    std::size_t count = 0;
    for (const std::string& report : reports_) count += report.find(text) != std::string::npos;
    return count;
  }

 private:
  subtask_info subtask_;
  std::shared_ptr<disk_faults> faults_;
  std::deque<std::unique_ptr<lane_job>> jobs_;
  std::deque<std::unique_ptr<lane_job>> ran_;
  std::size_t wakes_ = 0;
  steady_time now_{std::chrono::hours(1)};
  std::vector<std::string> reports_;
};

/// The error with which `call` ends the task; fails the test when it does not.
template <class Call>
error task_failure(Call&& call) {
  try {
    call();
  } catch (const task_error& thrown) {
    return thrown.failure();
  }
  FAIL("the task did not fail");
  return {};
}

}  // namespace weir::test
