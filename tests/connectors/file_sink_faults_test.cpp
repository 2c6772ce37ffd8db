// SPDX-License-Identifier: Apache-2.0
// Specifies that a job's visible output is that of a run without faults, whatever crashes, aborts,
// lags or changes its parallelism (by property, against the records themselves), and what a full
// disk does.
//
// Simulated: the order of lane jobs, completions, markers, acks and commits among the subtasks; the
// end of the process between any two steps, also while jobs run of which nobody hears. Not
// simulated: a machine that loses what was not synced (see part_faults_test).
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <sstream>

#include "tests/connectors/file_sink_words.hpp"

using namespace weir;
using namespace weir::test;

namespace {

/// A job of one source (records 0, 1, 2, ...) and a sink of several subtasks, with its coordinator.
class simulated_job {
 public:
  simulated_job(const temp_directory& dir, std::mt19937_64& random, int records)
      : options_(options_for(dir)), random_(random), records_(records) {
    options_.roll_bytes = 16;
  }

  /// One attempt, until it crashes (false) or everything is confirmed (true).
  bool run_attempt() {
    start();
    while (!is_finished()) {
      if (crashes_++ < 400 && chance(150)) {
        crash();
        return false;
      }
      act();
    }
    return true;
  }

 private:
  bool chance(std::uint64_t one_in) { return random_() % one_in == 0; }
  sink_task& any_task() { return *tasks_[random_() % tasks_.size()]; }
  bool is_finished() {
    if (checkpoint_ != records_) return false;
    for (auto& task : tasks_) {
      if (!task->sink->committed(complete_)) return false;
    }
    return true;
  }

  void start() {
    ++attempt_;
    tasks_.clear();
    position_ = checkpoint_;
    open_ = {};
    const auto parallelism = static_cast<std::uint32_t>(random_() % 4 + 1);
    for (std::uint32_t index = 0; index < parallelism; ++index) {
      std::optional<std::vector<byte_vector>> from;
      if (complete_.value != 0) from = intents_;
      tasks_.push_back(std::make_unique<sink_task>(options_, place{index, parallelism, attempt_},
                                                   std::move(from)));
    }
  }
  /// Nobody hears of any job any more; some still run.
  void crash() {
    for (auto& task : tasks_) {
      for (std::uint64_t i = random_() % 3; i != 0 && task->host.jobs() != 0; --i) {
        task->host.run_one();
      }
      task->host.forget_jobs();
    }
  }
  void act() {
    switch (random_() % 8) {
      case 0:
      case 1:
        return write();
      case 2:
        return any_task().sink->flush();
      case 3:
        return mark();
      case 4:
        return acknowledge();
      case 5:
        (void)any_task().sink->commit(complete_);
        return;
      default:
        (void)any_task().host.do_one(random_);
    }
  }
  void write() {
    sink_task& task = any_task();
    if (position_ < records_ && task.sink->ready()) task.write(std::to_string(position_++) + "\n");
  }
  /// Begins an epoch, sometimes over one that is aborted thereby.
  void mark() {
    if (open_ && !chance(8)) return;
    open_.emplace();
    open_->epoch = {++epoch_};
    open_->position = position_;
    for (auto& task : tasks_) {
      operator_image image;
      REQUIRE_FALSE(task->sink->snapshot(open_->epoch, image));
      open_->waiting.push_back(task.get());
    }
  }
  /// The checkpoint is complete once all subtasks have acknowledged.
  void acknowledge() {
    if (!open_) return;
    std::erase_if(open_->waiting, [this](sink_task* task) {
      return task->sink->collect(open_->epoch, open_->image);
    });
    if (!open_->waiting.empty()) return;
    checkpoint_ = open_->position;
    intents_ = std::move(open_->image.intents);
    complete_ = open_->epoch;
    open_.reset();
  }

  struct open_checkpoint {
    epoch_id epoch;
    int position = 0;
    std::vector<sink_task*> waiting;
    operator_image image;
  };

  file_sink_options options_;
  std::mt19937_64& random_;
  int records_;
  int crashes_ = 0;
  // durable
  int checkpoint_ = 0;
  epoch_id complete_;
  std::vector<byte_vector> intents_;
  std::uint64_t attempt_ = 0;
  std::uint64_t epoch_ = 0;
  // of the attempt
  std::vector<std::unique_ptr<sink_task>> tasks_;
  int position_ = 0;
  std::optional<open_checkpoint> open_;
};

/// How often each record is visible.
std::map<int, int> visible_records(const temp_directory& dir) {
  std::map<int, int> found;
  std::istringstream text(visible_text(dir));
  for (int record = 0; text >> record;) ++found[record];
  return found;
}

/// Runs the oldest job and tells the task.
void step(sink_task& task) {
  task.host.run_one();
  task.host.finish_one();
}

}  // namespace

TEST_CASE("whatever crashes, aborts, lags or rescales, each record is visible exactly once") {
  auto random = seeded_random("file_sink faults");
  int attempts = 0;
  for (int round = 0; round < 40; ++round) {
    temp_directory dir;
    constexpr int records = 60;
    simulated_job job(dir, random, records);
    for (++attempts; !job.run_attempt(); ++attempts) {
      for (const auto& [record, count] : visible_records(dir)) {
        REQUIRE_MESSAGE(count == 1, "record " << record << " is visible twice");
      }
    }
    const auto found = visible_records(dir);
    REQUIRE(found.size() == records);
    for (const auto& [record, count] : found) REQUIRE_MESSAGE(count == 1, record);
    REQUIRE(hidden(dir).empty());
  }
  CHECK(attempts > 100);
}

TEST_CASE("a full disk: wait for space, in order, losing nothing, and say so once") {
  small_disk disk(96);
  if (!disk.ready()) return;
  auto options = options_for(disk.directory());
  options.when_full = full_disk::wait;
  sink_task task(options);
  task.write("before\n");
  task.finish(1);
  task.write("prepared\n");
  (void)task.snapshot(2);
  disk.directory().write("filler", std::string(60'000, 'x'));

  task.write(std::string(70'000, 'y') + "\n");
  operator_image image;
  CHECK_FALSE(task.sink->snapshot({3}, image));
  step(task);
  step(task);
  CHECK_FALSE(task.sink->ready());
  CHECK(task.host.reports_with("waits for space") == 1);
  CHECK_FALSE(task.sink->collect({3}, image));
  CHECK_FALSE(task.sink->commit({2}));
  step(task);
  step(task);
  CHECK(task.sink->committed({2}));  // a commit needs no space

  std::filesystem::remove(disk.directory() / "filler");
  task.host.settle();
  CHECK(task.sink->ready());
  CHECK(task.host.reports_with("has space again") == 1);
  CHECK_FALSE(task.sink->commit({3}));
  task.host.settle();
  CHECK(visible_text(disk.directory()) == "before\nprepared\n" + std::string(70'000, 'y') + "\n");
}

TEST_CASE("a full disk: or fail, with what was committed untouched") {
  small_disk disk(64);
  if (!disk.ready()) return;
  sink_task task(options_for(disk.directory()));
  task.write("before\n");
  task.finish(1);
  task.write(std::string(100'000, 'y') + "\n");
  const error failure = task_failure([&task] { task.host.settle(); });
  CHECK(failure.code == error_code::no_space);
  CHECK(failure.recovery_class() == recovery::restart_task);
  CHECK(visible_text(disk.directory()) == "before\n");
}

TEST_CASE("closing ends a wait for space") {
  small_disk disk(16);
  if (!disk.ready()) return;
  auto options = options_for(disk.directory());
  options.when_full = full_disk::wait;
  sink_task task(options);
  task.host.settle();
  task.write(std::string(100'000, 'y') + "\n");
  task.sink->close();
  const auto begin = std::chrono::steady_clock::now();
  task.host.run_one();
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(190));
  task.host.finish_one();
  CHECK(task.host.jobs() == 0);
}
