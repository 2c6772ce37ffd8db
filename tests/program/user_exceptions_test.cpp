// SPDX-License-Identifier: Apache-2.0
// User code may throw anything from anywhere: it never ends the process. The task fails, the job
// starts again from its last checkpoint, or fails with the story: what failed, how often, the first
// cause.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/program/user_code_bombs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;

std::string what_it_says(thrown what, place where) {
  if (what == thrown::exception)
    return std::string("bomb in ") + place_names[static_cast<int>(where)];
  return "something that is no std::exception was thrown";
}

}  // namespace

TEST_CASE("whatever is thrown once, wherever, costs one restart and no record") {
  for (const place where :
       {place::open, place::process, place::on_end, place::map, place::filter, place::flat_map,
        place::key, place::generator, place::callback, place::fold, place::encode}) {
    for (const thrown what : {thrown::exception, thrown::number, thrown::object}) {
      const std::string name = place_names[static_cast<int>(where)];
      CAPTURE(name);
      CAPTURE(static_cast<int>(what));
      const bool rare = where == place::open || where == place::on_end || where == place::encode;
      const weir::scratch_directory scratch;
      auto env = make_environment(scratch.path() / "state");
      const arm bomb(where, what, rare ? 2 : 1234);
      const auto out = build_bombed(env);
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
    const auto out = build_bombed(env);
    const auto report = run_to_finish(env);
    CHECK(armed->burst == 1);
    CHECK(report.restarts == 1);
    check_complete(out);
  }
}

TEST_CASE(
    "a restore that throws is tried again, one that does not decode ends the job with the state's "
    "name") {
  {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    const arm bomb(place::decode_throws, thrown::object, 10);
    const auto out = build_bombed(env, fuse(4000), 20'000);
    const auto report = run_to_finish(env);
    CHECK(armed->burst == 1);
    CHECK(report.restarts == 2);
    check_complete(out);
  }
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  const arm bomb(place::decode_refuses, thrown::object, 10);
  build_bombed(env, fuse(4000), 20'000);
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
    const auto out = build_bombed(env);
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
    const auto out = build_bombed(env, fuse(4000), 20'000);
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
    build_bombed(env);
    const auto report = run(env);
    REQUIRE(report.state == weir::job_state::failed);
    CHECK(report.failure->code == weir::error_code::user_exception);
    CHECK(report.restarts == 0);
    const auto story = failure_of(report);
    for (const auto& part : {std::string("after 1 failure"), std::string("none"),
                             std::string("count"), what_it_says(what, place::process)}) {
      CHECK_MESSAGE(contains(story, part), story);
    }
  }
}

TEST_CASE("fixed-delay gives up after its restarts, and says how often and why first") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("restart-strategy.type", "fixed-delay");
  env.set("restart-strategy.fixed-delay.attempts", "3")
      .set("restart-strategy.fixed-delay.delay", "1 ms");
  const arm bomb(place::map, thrown::exception, 100, true);
  build_bombed(env);
  const auto report = run(env);
  REQUIRE(report.state == weir::job_state::failed);
  CHECK(report.restarts == 3);
  const auto story = failure_of(report);
  for (const char* part :
       {"after 4 failures", "fixed-delay", "3 restarts", "first cause", "bomb in map"}) {
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
  build_bombed(env);
  const auto report = run(env);
  REQUIRE(report.state == weir::job_state::failed);
  CHECK(report.restarts == 2);
  const auto story = failure_of(report);
  for (const char* part :
       {"after 3 failures", "failure-rate", "2 failures within", "no std::exception"}) {
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
    env.from("numbers",
             weir::generate([](std::uint64_t n) { return n; }).count(records).rate(20'000))
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
