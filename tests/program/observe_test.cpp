// SPDX-License-Identifier: Apache-2.0
// What can be seen of real jobs while they run: counts, times, states, checkpoints, exceptions, and why nothing moves.
#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "coordinator/job_why.hpp"
#include "program/job_control.hpp"
#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using test::fuse;
using test::make_environment;

/// A sink that takes nothing while it is closed.
class gate {
 public:
  void pass() {
    std::unique_lock hold(mutex_);
    ++waiting_;
    opened_.wait(hold, [this] { return open_; });
    --waiting_;
  }
  void open() {
    {
      const std::lock_guard hold(mutex_);
      open_ = true;
    }
    opened_.notify_all();
  }
  bool someone_waits() const {
    const std::lock_guard hold(mutex_);
    return waiting_ > 0;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

job_controls& controls_of(const job& running) {
  return running.share_control()->runtime().controls();
}

/// Looks until it is so; false after a minute.
bool eventually(const std::function<bool()>& so) {
  const auto end = std::chrono::steady_clock::now() + 1min;
  while (!so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

const task_reading& task_of(const job_observation& seen, const std::string& name) {
  const auto id = seen.identity->physical->find_task(name);
  REQUIRE(id);
  return seen.tasks[id->value];
}

std::uint64_t identity(std::uint64_t seq) {
  return seq;
}

TEST_CASE(
    "each record is counted where it leaves and where it arrives, and each task's time adds up") {
  scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", 2);
  env.set("execution.checkpointing.interval", "20 ms");
  env.from("numbers", generate(identity).count(100'000'000).rate(400'000))
      .key_by([](const std::uint64_t& n) -> const std::uint64_t& { return n; })
      .reduce("sum", [](std::uint64_t a, std::uint64_t b) { return a + b; })
      .to("out", discard_sink());
  auto running = test::start(env);
  auto& controls = controls_of(running);
  REQUIRE(eventually([&] { return controls.observe().checkpoints.completed >= 3; }));
  const auto during = controls.observe();
  const auto later = controls.observe().now;
  REQUIRE(running.stop().wait());
  running.wait();
  const auto after = controls.observe();

  CHECK(during.state == observed_job_state::running);
  CHECK(after.state == observed_job_state::finished);
  CHECK(after.identity->bounded);
  CHECK(after.ended >= after.started);
  std::uint64_t read = 0;
  std::uint64_t out = 0;
  std::uint64_t in = 0;
  std::uint64_t written = 0;
  for (const auto& task : after.tasks) {
    read += task.records_read;
    written += task.records_written;
    out += task.records_out;
    in += task.records_in;
    CHECK(task.state == observed_task_state::finished);
    std::uint64_t by_channel = 0;
    for (const auto& channel : task.outputs) {
      by_channel += channel.records;
      CHECK(channel.in_flight <= channel.credits);
    }
    CHECK(by_channel == task.records_out);
  }
  CHECK(out > 0);
  CHECK(in == out);
  CHECK(read == out);
  CHECK(written == in);
  CHECK(task_of(after, "numbers/0").bytes_out == task_of(after, "numbers/0").records_out * 8);
  for (const auto& task : during.tasks) {
    const auto all = task.busy + task.idle + task.back_pressured;
    CHECK(all >= std::chrono::milliseconds(during.now - task.attempt_began - 2));
    CHECK(all <= std::chrono::milliseconds(later - task.attempt_began + 2));
    const double rates =
        task.busy_ms_per_second + task.idle_ms_per_second + task.back_pressured_ms_per_second;
    CHECK(rates == doctest::Approx(1000));
  }
  const auto& checkpoint = *during.checkpoints.latest_completed;
  CHECK(checkpoint.tasks.size() == during.tasks.size());
  for (const auto& task : checkpoint.tasks) CHECK(task.acked >= checkpoint.triggered);
  CHECK(checkpoint.state_bytes > 0);
  const auto& source = task_of(after, "numbers/0");
  REQUIRE(source.all_to_read);
  CHECK(*source.all_to_read == 50'000'000);
  CHECK(*source.all_to_read - *source.left_to_read == source.records_out);
  const auto& sink = task_of(after, "sum/0");
  REQUIRE(sink.latency);
  CHECK(sink.latency->samples > 0);
}

TEST_CASE("what a source reads and a sink takes is counted also when no channel is between them") {
  // One sink of each kind, behind a filter that halves; files are read as lines.
  scratch_directory scratch;
  const auto count_of = [&](const std::string& name, const auto& to) {
    auto env = make_environment(scratch.path() / name);
    env.set("execution.checkpointing.interval", "20 ms").set("metrics.latency.interval", "1 ms");
    to(env.from("numbers", generate(identity).count(100'000))
           .filter("even", [](const std::uint64_t& n) { return n % 2 == 0; }));
    auto running = test::start(env);
    running.wait();
    auto seen = controls_of(running).observe();
    REQUIRE(seen.tasks.size() == 1);
    return seen.tasks[0];
  };
  const auto check = [&](const std::string& name, const auto& to) {
    INFO(name);
    const auto seen = count_of(name, to);
    CHECK(seen.records_read == 100'000);
    CHECK(seen.records_written == 50'000);
    CHECK(seen.records_out == 0);
    REQUIRE(seen.latency);
    CHECK(seen.latency->samples > 0);
  };
  check("discard", [](auto stream) { stream.to("out", discard_sink()); });
  check("callback",
        [](auto stream) { stream.to("out", callback_sink([](const std::uint64_t&) {})); });
  check("fold", [](auto stream) {
    stream.to("out", fold_sink(
                         std::uint64_t{0}, [](std::uint64_t& sum, std::uint64_t n) { sum += n; },
                         [](const std::uint64_t&) {}));
  });
  const auto target = std::make_shared<collected<std::uint64_t>>();
  check("collect", [&](auto stream) { stream.to("out", collect_sink(target)); });
  check("files",
        [&](auto stream) { stream.to("out", file_sink((scratch.path() / "out").string())); });
  CHECK(target->size() == 50'000);
}

TEST_CASE("of a source of lines, lines are counted") {
  scratch_directory scratch;
  const auto text = (scratch.path() / "text").string();
  {
    std::ofstream lines(text);
    for (int i = 0; i < 1'000; ++i) lines << "one two three\n";
  }
  auto env = make_environment(scratch.path() / "state");
  env.from("lines", file_lines(text))
      .flat_map("split",
                [](std::string_view, collector<std::string>& out) {
                  for (int i = 0; i < 3; ++i) out.emit("word");
                })
      .to("out", discard_sink());
  auto running = test::start(env);
  running.wait();
  const auto seen = controls_of(running).observe();
  CHECK(seen.tasks[0].records_read == 1'000);
  CHECK(seen.tasks[0].records_written == 3'000);
}

TEST_CASE("what earlier attempts have read and written is counted as well") {
  scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  const fuse burns(100'000);
  env.from("numbers", generate(identity).count(200'000))
      .map("burn",
           [burns](std::uint64_t n) {
             burns.step();
             return n;
           })
      .to("out", discard_sink());
  auto running = test::start(env);
  running.wait();
  const auto seen = controls_of(running).observe();
  CHECK(seen.restarts == 1);
  // The poll that throws is not counted.
  const auto& task = seen.tasks[0];
  CHECK(task.records_read_before > 98'000);
  CHECK(task.records_read_before < 100'000);
  CHECK(task.records_written_before == task.records_read_before);
  CHECK(task.records_read + task.records_read_before >= 199'000);
  CHECK(task.records_written == task.records_read);
}

TEST_CASE("a sink that takes nothing is named, with those who wait for it") {
  scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  auto valve = std::make_shared<gate>();
  env.from("numbers", generate(identity).count(500'000))
      .rebalance()
      .to("slow", callback_sink([valve](const std::uint64_t&) { valve->pass(); }));
  auto running = test::start(env);
  auto& controls = controls_of(running);
  std::string told;
  const bool named = eventually([&] {
    const auto lines = explain_waiting(controls.observe());
    told = lines.front();
    return test::contains(told, "slow/0 is slow") && test::contains(told, "numbers/0 waits");
  });
  const bool waited = valve->someone_waits();
  valve->open();
  running.wait();
  CHECK_MESSAGE(named, told);
  CHECK(waited);
  CHECK(explain_waiting(controls.observe()).front() == "the job has finished");
}

TEST_CASE("an exception is remembered with its task, and with what was done about it") {
  scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("execution.checkpointing.interval", "10 ms");
  const fuse burns(60'000);
  env.from("numbers", generate(identity).count(100'000).rate(400'000))
      .rebalance()
      .map("step",
           [burns](std::uint64_t n) {
             burns.step();
             return n;
           })
      .to("out", discard_sink());
  auto running = test::start(env);
  running.wait();
  const auto seen = controls_of(running).observe();
  REQUIRE(seen.exceptions.size() == 1);
  CHECK(seen.exceptions[0].task == "step -> out/0");
  CHECK(test::contains(seen.exceptions[0].why.text(), "the fuse has burnt"));
  CHECK(seen.exceptions[0].restored_to);
  CHECK(seen.exceptions[0].until_running > 0ns);
  CHECK(seen.restarts == 1);
  CHECK(seen.checkpoints.restored <= 1);  // none, if no checkpoint was complete by then
}

TEST_CASE("what is crashed by name is a task, and else it is said which there are") {
  scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.from("numbers", generate(identity).rate(1'000)).to("out", discard_sink());
  auto running = test::start(env);
  auto& controls = controls_of(running);
  const auto refused = controls.crash("nobody/7");
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::invalid_argument);
  CHECK(test::contains(refused.error().message, "numbers -> out/0"));
  REQUIRE(eventually([&] { return controls.observe().state == observed_job_state::running; }));
  CHECK(controls.crash("numbers -> out/0"));
  CHECK(eventually([&] { return controls.observe().restarts == 1; }));
  controls.cancel();
  CHECK(running.wait().state == job_state::cancelled);
}

}  // namespace
