// SPDX-License-Identifier: Apache-2.0
// State that belongs to the subtask (operator_list_state, union_list_state), what is no state at
// all (plain members), and what an operator learns from its context.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/core/key_group.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;

std::uint64_t itself(std::uint64_t seq) {
  return seq;
}

/// Keeps every number in a list of its subtask, and emits the list at the end.
struct remember final : weir::process_function<std::uint64_t, std::string> {
  explicit remember(fuse bomb) : bomb_(std::move(bomb)) {}
  weir::operator_list_state<std::string> seen{*this, "seen"};

  void process(const std::uint64_t& n, context&, weir::collector<std::string>&) override {
    bomb_.step();
    seen.add("a number that came by: " + std::to_string(n));
  }
  void on_end(weir::collector<std::string>& out) override {
    for (const auto& text : seen.get()) out.emit(text);
  }

 private:
  fuse bomb_;
};

/// A counter that one subtask owns at a time.
struct counter {
  std::uint32_t id = 0;
  std::uint64_t count = 0;
  auto operator<=>(const counter&) const = default;
};
WEIR_RECORD(counter, id, count)

constexpr std::uint32_t counters = 7;

/// Counts records in counters that the subtasks divide among themselves: id % parallelism == index
/// (P21).
struct count_in_turn final : weir::process_function<std::uint64_t, counter> {
  explicit count_in_turn(fuse bomb) : bomb_(std::move(bomb)) {}
  weir::union_list_state<counter> claimed{*this, "claimed"};

  void open(const weir::subtask_info& me) override {
    std::vector<counter> mine;
    for (std::uint32_t id = me.index; id < counters; id += me.parallelism) mine.push_back({id, 0});
    for (auto& one : mine) {
      for (const auto& old : claimed.restored()) {
        if (old.id == one.id) one.count += old.count;
      }
    }
    claimed.update(mine);
  }
  void process(const std::uint64_t& n, context&, weir::collector<counter>&) override {
    bomb_.step();
    auto mine = claimed.get();
    ++mine[n % mine.size()].count;
    claimed.update(mine);
  }
  void on_end(weir::collector<counter>& out) override {
    for (const auto& one : claimed.get()) out.emit(one);
  }

 private:
  fuse bomb_;
};

template <class Op, class Out>
void build(weir::environment& env, std::uint64_t count,
           const std::shared_ptr<weir::collected<Out>>& output, fuse bomb = fuse(),
           double rate = 0) {
  env.from("numbers", weir::generate(itself).count(count).rate(rate))
      .rebalance()
      .template process<Op>("keep", bomb)
      .to("out", weir::collect_sink(output));
}

std::vector<std::string> all_remembered(std::uint64_t count) {
  std::vector<std::string> all;
  for (std::uint64_t n = 0; n < count; ++n)
    all.push_back("a number that came by: " + std::to_string(n));
  return sorted(all);
}

std::uint64_t total_of(const std::vector<counter>& all) {
  std::uint64_t total = 0;
  for (const auto& one : all) total += one.count;
  return total;
}

/// Two counts of the same records, of which one is state.
struct two_counts {
  std::uint64_t kept = 0;
  std::uint64_t plain = 0;
};
WEIR_RECORD(two_counts, kept, plain)

struct count_twice final : weir::keyed_process<std::uint64_t, std::uint64_t, two_counts> {
  explicit count_twice(fuse bomb) : bomb_(std::move(bomb)) {}
  weir::value_state<std::uint64_t> kept{*this, "kept", 0};
  std::uint64_t plain = 0;

  void process(const std::uint64_t&, context&, weir::collector<two_counts>& out) override {
    bomb_.step();
    kept.update(kept.value() + 1);
    out.emit({kept.value(), ++plain});
  }

 private:
  fuse bomb_;
};

/// Passes numbers on, and a million more at the end.
struct say_goodbye final : weir::process_function<std::uint64_t, std::uint64_t> {
  explicit say_goodbye(fuse bomb) : bomb_(std::move(bomb)) {}
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    bomb_.step();
    out.emit(n);
  }
  void on_end(weir::collector<std::uint64_t>& out) override { out.emit(1'000'000); }

 private:
  fuse bomb_;
};

struct context_seen {
  std::string key;
  std::int64_t time_ms = 0;
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 0;
  std::string task;
};
WEIR_RECORD(context_seen, key, time_ms, subtask, parallelism, task)

struct look_around final : weir::keyed_process<std::string, std::string, context_seen> {
  void process(const std::string&, context& where, weir::collector<context_seen>& out) override {
    const auto& me = where.subtask();
    out.emit({where.key(), where.time_ms(), me.index, me.parallelism, me.task});
  }
};

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

TEST_CASE("an operator's list is whole again after a restart") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", 3);
  env.set("execution.checkpointing.interval", "2 ms");
  const auto output = std::make_shared<weir::collected<std::string>>();
  const fuse bomb(5000);
  build<remember>(env, 10'000, output, bomb, 100'000);
  const auto report = run_to_finish(env);
  CHECK(report.restarts == 1);
  CHECK((sorted(output->records()) == all_remembered(10'000)));
}

TEST_CASE("each element of an operator's list goes to one subtask at another parallelism") {
  const weir::scratch_directory scratch;
  const auto output = std::make_shared<weir::collected<std::string>>();
  for (const std::uint32_t parallelism : {3u, 5u, 2u}) {
    auto env = make_environment(scratch.path() / "state", parallelism);
    env.set("execution.checkpointing.interval", "2 ms");
    build<remember>(env, 200'000, output, fuse(), 5000);
    cancel_after_checkpoints(start(env), 3);
  }
  auto env = make_environment(scratch.path() / "state", 4);
  build<remember>(env, 200'000, output);
  CHECK(run_to_finish(env).restored_from);
  CHECK((sorted(output->records()) == all_remembered(200'000)));
}

TEST_CASE("every subtask sees a union list whole, and what they claim of it adds up") {
  const weir::scratch_directory scratch;
  const auto output = std::make_shared<weir::collected<counter>>();
  for (const std::uint32_t parallelism : {3u, 7u, 1u}) {
    auto env = make_environment(scratch.path() / "state", parallelism);
    env.set("execution.checkpointing.interval", "2 ms");
    build<count_in_turn>(env, 200'000, output, fuse(), 5000);
    cancel_after_checkpoints(start(env), 3);
  }
  auto env = make_environment(scratch.path() / "state", 2);
  env.set("execution.checkpointing.interval", "2 ms");
  const fuse bomb(1000);
  build<count_in_turn>(env, 200'000, output, bomb);
  const auto report = run_to_finish(env);
  CHECK(report.restarts == 1);
  const auto all = output->records();
  CHECK(all.size() == counters);
  CHECK(total_of(all) == 200'000);
}

TEST_CASE("a plain member is gone after a restart, state is not") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", 1);
  env.set("execution.checkpointing.interval", "2 ms");
  const auto output = std::make_shared<weir::collected<two_counts>>();
  const fuse bomb(6000);
  env.from("numbers", weir::generate(itself).count(10'000).rate(20'000))
      .key_by([](const std::uint64_t&) { return std::uint64_t{1}; })
      .process<count_twice>("count", bomb)
      .to("out", weir::collect_sink(output));
  const auto report = run_to_finish(env);
  CHECK(report.restarts == 1);
  const auto all = output->records();
  REQUIRE(all.size() == 10'000);
  CHECK(all.back().kept == 10'000);
  CHECK(all.back().plain < 10'000);
  CHECK(all.back().plain >= 4000);
}

TEST_CASE(
    "what an operator says at the end of its input it says once, also when the job fails later") {
  for (const char* chaining : {"true", "false"}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", 2);
    env.set("execution.checkpointing.interval", "2 ms")
        .set("pipeline.operator-chaining.enabled", chaining);
    const auto output = std::make_shared<weir::collected<std::uint64_t>>();
    const fuse bomb(6000);
    const auto brief =
        env.from("few", weir::generate(itself).count(5)).process<say_goodbye>("brief", fuse());
    env.from("many", weir::generate(itself).count(10'000).rate(100'000))
        .process<say_goodbye>("long", bomb)
        .union_with(brief)
        .to("out", weir::collect_sink(output));
    const auto report = run_to_finish(env);
    CHECK(report.restarts == 1);
    const auto all = output->records();
    CHECK(std::count(all.begin(), all.end(), 1'000'000u) == 4);
    CHECK(all.size() == 10'009);
  }
}

TEST_CASE(
    "the context tells the key, the time and the subtask, which is the owner of the key's group") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", 3);
  const auto output = std::make_shared<weir::collected<context_seen>>();
  const auto before = unix_ms();
  env.from("numbers", weir::generate([](std::uint64_t n) {
                        return "key " + std::to_string(n % 50);
                      }).count(5000))
      .key_by([](const std::string& w) -> const std::string& { return w; })
      .process<look_around>("look")
      .to("out", weir::collect_sink(output));
  run_to_finish(env);
  const auto after = unix_ms();
  const auto all = output->records();
  REQUIRE(all.size() == 5000);
  for (const auto& one : all) {
    REQUIRE(one.parallelism == 3);
    REQUIRE(one.subtask == weir::subtask_of(weir::key_group_of(weir::key_hash(one.key)), 3));
    REQUIRE(one.time_ms >= before);
    REQUIRE(one.time_ms <= after);
    REQUIRE(contains(one.task, "look"));
  }
}
