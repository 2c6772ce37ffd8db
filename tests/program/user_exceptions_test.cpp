// SPDX-License-Identifier: Apache-2.0
// User code may throw anything from anywhere: it never ends the process. The task fails, the job starts again from its
// last checkpoint, or fails with the story: what failed, how often, the first cause.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;

struct no_exception {
  int code = 3;
};

enum class place : int {
  constructor, open, process, on_end, close, map, filter, flat_map, key, generator, callback, fold, fold_result,
  encode, decode_throws, decode_refuses, count_of_places,
};
constexpr const char* place_names[] = {"constructor", "open", "process", "on_end", "close", "map", "filter",
                                       "flat_map", "key", "generator", "callback", "fold", "fold_result",
                                       "encode", "decode_throws", "decode_refuses"};

enum class thrown : int { exception, number, object };

/// Throws `what` the n-th time that `where` is passed, or from then on.
struct bomb {
  place where = place::count_of_places;
  thrown what = thrown::exception;
  std::int64_t calls = 1;
  bool again = false;
  std::atomic<std::int64_t> passed{0};
  std::atomic<std::int64_t> burst{0};

  void pass(place here) {
    if (here != where) return;
    const auto now = ++passed;
    if (again ? now < calls : now != calls) return;
    ++burst;
    switch (what) {
      case thrown::exception: throw std::runtime_error(std::string("bomb in ") + place_names[static_cast<int>(here)]);
      case thrown::number: throw 42;
      case thrown::object: throw no_exception{};
    }
  }
  bool is_due(place here) { return here == where && ++passed == calls && ++burst > 0; }
};

/// Codecs and filters are built without arguments: the bomb of the running case.
std::shared_ptr<bomb> armed = std::make_shared<bomb>();

/// State whose codec is user code.
struct fragile {
  std::uint64_t count = 0;
};

}  // namespace

template <>
struct weir::codec<fragile> {
  static std::string schema() { return "fragile"; }
  static void encode(const fragile& value, byte_writer& out) {
    armed->pass(place::encode);
    out.scalar(value.count);
  }
  static bool decode(byte_reader& in, fragile& value) {
    armed->pass(place::decode_throws);
    if (armed->is_due(place::decode_refuses)) return false;
    value.count = in.scalar<std::uint64_t>();
    return !in.failed();
  }
};

namespace {

struct count_up final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  explicit count_up(fuse restart) : restart_(std::move(restart)) { armed->pass(place::constructor); }
  weir::value_state<fragile> seen{*this, "seen"};

  void open(const weir::subtask_info&) override { armed->pass(place::open); }
  void process(const std::uint64_t&, context&, weir::collector<std::uint64_t>& out) override {
    armed->pass(place::process);
    restart_.step();
    seen.update({seen.value().count + 1});
    out.emit(seen.value().count);
  }
  void on_end(weir::collector<std::uint64_t>&) override { armed->pass(place::on_end); }
  void close() override { armed->pass(place::close); }

 private:
  fuse restart_;
};

constexpr std::uint64_t records = 6000;
constexpr std::uint64_t keys = 60;

struct outputs {
  std::shared_ptr<weir::collected<std::uint64_t>> counts = std::make_shared<weir::collected<std::uint64_t>>();
  std::shared_ptr<std::atomic<std::uint64_t>> folded = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<std::atomic<std::uint64_t>> called = std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// A graph that passes every place, with two subtasks of everything but the sinks; `restart` makes the operator throw once, so that there is something to restore.
outputs build(weir::environment& env, fuse restart = fuse()) {
  outputs out;
  env.set("execution.checkpointing.interval", "2 ms");
  const auto counted = env.from("numbers", weir::generate([](std::uint64_t n) {
                                             armed->pass(place::generator);
                                             return n;
                                           }).count(records).rate(100'000))
                           .parallelism(2)
                           .map("map", [](std::uint64_t n) { return armed->pass(place::map), n; })
                           .parallelism(2)
                           .filter("filter", [](const std::uint64_t&) { return armed->pass(place::filter), true; })
                           .parallelism(2)
                           .flat_map("flat_map", [](std::uint64_t n, weir::collector<std::uint64_t>& to) {
                             armed->pass(place::flat_map);
                             to.emit(n);
                           })
                           .parallelism(2)
                           .key_by([](const std::uint64_t& n) { return armed->pass(place::key), n % keys; })
                           .process<count_up>("count", restart)
                           .parallelism(2);
  counted.to("counts", weir::collect_sink(out.counts));
  counted.to("call", weir::callback_sink([called = out.called](const std::uint64_t&) {
               armed->pass(place::callback);
               ++*called;
             }));
  counted.map("one", [](std::uint64_t) { return std::uint64_t{1}; }).to(
      "sum", weir::fold_sink(
                 std::uint64_t{0},
                 [](std::uint64_t& sum, const std::uint64_t& n) {
                   armed->pass(place::fold);
                   sum += n;
                 },
                 [folded = out.folded](const std::uint64_t& sum) {
                   armed->pass(place::fold_result);
                   *folded = sum;
                 }));
  return out;
}

void check_complete(const outputs& out) {
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 0; n < records; ++n) expected.push_back(n / keys + 1);
  CHECK((sorted(out.counts->records()) == expected));
  CHECK(out.called->load() >= records);
}

/// Arms a bomb for the length of a case.
struct arm {
  arm(place where, thrown what, std::int64_t calls, bool again = false) {
    armed = std::make_shared<bomb>();
    armed->where = where;
    armed->what = what;
    armed->calls = calls;
    armed->again = again;
  }
  ~arm() { armed = std::make_shared<bomb>(); }
};

std::string what_it_says(thrown what, place where) {
  if (what == thrown::exception) return std::string("bomb in ") + place_names[static_cast<int>(where)];
  return "something that is no std::exception was thrown";
}

}  // namespace

TEST_CASE("whatever is thrown once, wherever, costs one restart and no record") {
  for (const place where : {place::open, place::process, place::on_end, place::map, place::filter, place::flat_map,
                            place::key, place::generator, place::callback, place::fold, place::encode}) {
    for (const thrown what : {thrown::exception, thrown::number, thrown::object}) {
      CAPTURE(place_names[static_cast<int>(where)]);
      CAPTURE(static_cast<int>(what));
      const bool rare = where == place::open || where == place::on_end;
      const weir::scratch_directory scratch;
      auto env = make_environment(scratch.path() / "state");
      const arm bomb(where, what, rare ? 2 : 1234);
      const auto out = build(env);
      const auto report = run_to_finish(env);
      CHECK(armed->burst == 1);
      CHECK(report.restarts == 1);
      CHECK(out.folded->load() == records);
      check_complete(out);
    }
  }
}

TEST_CASE("a constructor that throws when the operator is built in its task costs one restart") {
  for (const thrown what : {thrown::exception, thrown::number, thrown::object}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    const arm bomb(place::constructor, what, 3);  // after the one when the graph was built
    const auto out = build(env);
    const auto report = run_to_finish(env);
    CHECK(armed->burst == 1);
    CHECK(report.restarts == 1);
    check_complete(out);
  }
}

TEST_CASE("a restore that throws is tried again, one that does not decode ends the job with the state's name") {
  {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    const arm bomb(place::decode_throws, thrown::object, 10);
    const auto out = build(env, fuse(4000));
    const auto report = run_to_finish(env);
    CHECK(armed->burst == 1);
    CHECK(report.restarts == 2);
    check_complete(out);
  }
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  const arm bomb(place::decode_refuses, thrown::object, 10);
  build(env, fuse(4000));
  const auto report = run(env);
  CHECK(armed->burst == 1);
  REQUIRE(report.state == weir::job_state::failed);
  CHECK(report.failure->code == weir::error_code::corrupt);
  CHECK_MESSAGE(contains(failure_of(report), "count"), failure_of(report));
}

TEST_CASE("what on_result throws after the last checkpoint does not undo the job") {
  for (const thrown what : {thrown::exception, thrown::number}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    const arm bomb(place::fold_result, what, 1);
    const auto out = build(env);
    const auto report = run_to_finish(env);
    CHECK(armed->burst == 1);
    CHECK(report.restarts == 1);
    CHECK(out.folded->load() == records);
    check_complete(out);
  }
}

TEST_CASE("what close throws is logged, and the job ends as it would have") {
  for (const thrown what : {thrown::exception, thrown::object}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    const arm bomb(place::close, what, 1, true);
    const auto out = build(env, fuse(4000));
    const auto report = run_to_finish(env);
    CHECK(armed->burst > 0);
    CHECK(report.restarts == 1);
    check_complete(out);
  }
}

TEST_CASE("with no restart strategy the first exception fails the job, with task and cause") {
  for (const thrown what : {thrown::exception, thrown::number, thrown::object}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    env.set("restart-strategy.type", "none");
    const arm bomb(place::process, what, 100);
    build(env);
    const auto report = run(env);
    REQUIRE(report.state == weir::job_state::failed);
    CHECK(report.failure->code == weir::error_code::user_exception);
    CHECK(report.restarts == 0);
    const auto story = failure_of(report);
    for (const auto& part : {std::string("after 1 failure"), std::string("none"), std::string("count"),
                             what_it_says(what, place::process)}) {
      CHECK_MESSAGE(contains(story, part), story);
    }
  }
}

TEST_CASE("fixed-delay gives up after its restarts, and says how often and why first") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("restart-strategy.type", "fixed-delay");
  env.set("restart-strategy.fixed-delay.attempts", "3").set("restart-strategy.fixed-delay.delay", "1 ms");
  const arm bomb(place::map, thrown::exception, 100, true);
  build(env);
  const auto report = run(env);
  REQUIRE(report.state == weir::job_state::failed);
  CHECK(report.restarts == 3);
  const auto story = failure_of(report);
  for (const char* part : {"after 4 failures", "fixed-delay", "3 restarts", "first cause", "bomb in map"}) {
    CHECK_MESSAGE(contains(story, part), story);
  }
}

TEST_CASE("failure-rate gives up when failures come too fast") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("restart-strategy.type", "failure-rate");
  env.set("restart-strategy.failure-rate.max-failures-per-interval", "2");
  env.set("restart-strategy.failure-rate.failure-rate-interval", "1 h");
  env.set("restart-strategy.failure-rate.delay", "1 ms");
  const arm bomb(place::open, thrown::number, 1, true);
  build(env);
  const auto report = run(env);
  REQUIRE(report.state == weir::job_state::failed);
  CHECK(report.restarts == 2);
  const auto story = failure_of(report);
  for (const char* part : {"after 3 failures", "failure-rate", "2 failures within", "no std::exception"}) {
    CHECK_MESSAGE(contains(story, part), story);
  }
}

TEST_CASE("a failed job goes on from its last checkpoint when it is run again") {
  const weir::scratch_directory scratch;
  auto counts = std::make_shared<weir::collected<std::uint64_t>>();
  for (const bool fails : {true, false}) {
    auto env = make_environment(scratch.path() / "state");
    env.set("restart-strategy.type", "none").set("execution.checkpointing.interval", "2 ms");
    const arm bomb(place::process, thrown::number, fails ? 4000 : -1);
    env.from("numbers", weir::generate([](std::uint64_t n) { return n; }).count(records).rate(100'000))
        .key_by([](const std::uint64_t& n) { return n % keys; })
        .process<count_up>("count", fuse())
        .to("counts", weir::collect_sink(counts));
    const auto report = run(env);
    CHECK(report.state == (fails ? weir::job_state::failed : weir::job_state::finished));
    CHECK(report.restored_from.has_value() != fails);
  }
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 0; n < records; ++n) expected.push_back(n / keys + 1);
  CHECK((sorted(counts->records()) == expected));
}
