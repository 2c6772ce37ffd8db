// SPDX-License-Identifier: Apache-2.0
// A check says what a start would say: for programs that have changed in each way, the check's verdict is compared with a
// real start on a copy of the directory.
#include "program/state_check.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "program/environment_settings.hpp"
#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;
namespace fs = std::filesystem;

std::uint64_t itself(std::uint64_t seq) {
  return seq;
}
std::uint64_t key_of(const std::uint64_t& n) {
  return n % 17;
}

template <class Count>
struct count final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<Count> seen{*this, "seen"};
  void process(const std::uint64_t&, context&, weir::collector<std::uint64_t>& out) override {
    seen.update(static_cast<Count>(seen.value() + 1));
    out.emit(1);
  }
};
struct count_without_state final
    : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    out.emit(n);
  }
};

enum class sink { collects, calls_back };

template <class Op>
weir::environment program_on(const fs::path& state, std::uint32_t parallelism = 2,
                             const std::string& name = "count", sink output = sink::collects) {
  auto env = make_environment(state, parallelism);
  auto counted = env.from("numbers", weir::generate(itself).count(2'000))
                     .key_by(key_of)
                     .template process<Op>(name);
  if (output == sink::collects) {
    counted.to("out", weir::collect_sink(std::make_shared<weir::collected<std::uint64_t>>()));
  } else {
    counted.to("out", weir::callback_sink([](const std::uint64_t&) {}));
  }
  return env;
}

weir::state_check check(const weir::environment& env, const fs::path& state,
                        std::optional<weir::epoch_id> from = {}) {
  auto opened = weir::stored_state::open(state);
  REQUIRE(opened);
  const auto settings = weir::environment_settings::from(env);
  REQUIRE(settings);
  const auto physical = weir::make_plan(env.share_graph(), settings->planning);
  REQUIRE(physical);
  weir::start_request request;
  request.job = settings->job;
  request.from = from;
  return weir::check_state(*opened, *physical, request);
}

/// A finished run, and its directory.
struct finished_run {
  explicit finished_run(sink output = sink::collects) {
    auto env = program_on<count<std::uint64_t>>(directory.path(), 2, "count", output);
    run_to_finish(env);
  }
  weir::scratch_directory directory;
};

/// What the check says must be what a start says.
void compare_with_start(const finished_run& before, weir::environment env, bool fits,
                        const std::string& words) {
  const auto found = check(env, before.directory.path());
  const weir::scratch_directory copy;
  fs::copy(before.directory.path(), copy.path() / "state", fs::copy_options::recursive);
  env.set("state.dir", (copy.path() / "state").string());
  const auto started = env.execute();
  CHECK(found.refusal.has_value() == !fits);
  CHECK(started.has_value() == fits);
  if (found.refusal && !started) {
    CHECK(found.refusal->code == started.error().code);
    CHECK(contains(found.refusal->message, words));
    CHECK(contains(started.error().message, words));
  }
}

}  // namespace

TEST_CASE("the same program fits, at any parallelism") {
  const finished_run before;
  compare_with_start(before, program_on<count<std::uint64_t>>(before.directory.path()), true, "");
  compare_with_start(before, program_on<count<std::uint64_t>>(before.directory.path(), 3), true,
                     "");
}

TEST_CASE("what a start refuses, the check refuses in the same words") {
  const finished_run before;
  const auto& state = before.directory.path();
  compare_with_start(before, program_on<count<std::uint32_t>>(state), false,
                     "operator 'count', state 'seen': was map<u64,u64>, is now map<u64,u32>");
  compare_with_start(before, program_on<count_without_state>(state), false,
                     "operator 'count' has no state 'seen' any more");
  compare_with_start(
      before, program_on<count<std::uint64_t>>(state, 2, "other"), false,
      "the checkpoint has state of operator 'count', which the program does not have");
}

TEST_CASE("a checkpoint whose output was released is refused when a sink would repeat it") {
  const finished_run before(sink::calls_back);
  const auto env =
      program_on<count<std::uint64_t>>(before.directory.path(), 2, "count", sink::calls_back);
  auto opened = weir::stored_state::open(before.directory.path());
  REQUIRE(opened);
  const auto all = opened->store().checkpoints();
  REQUIRE(all.size() == 2);

  CHECK_FALSE(check(env, before.directory.path(), all[0].epoch).refusal);
  const auto older = check(env, before.directory.path(), all[1].epoch);
  REQUIRE(older.refusal);
  CHECK(contains(older.refusal->message, "--allow-duplicates"));
  const auto nowhere = check(env, before.directory.path(), weir::epoch_id{9999});
  REQUIRE(nowhere.refusal);
  CHECK(nowhere.refusal->code == weir::error_code::not_found);
}

TEST_CASE("another job's directory is refused") {
  const finished_run before;
  auto env = program_on<count<std::uint64_t>>(before.directory.path());
  env.set("pipeline.name", "another");
  const auto found = check(env, before.directory.path());
  REQUIRE(found.refusal);
  CHECK(contains(found.refusal->message, "snapshots belong to job \"job\", this is \"another\""));
}

TEST_CASE("the report has a row for each operator and state, and is JSON when asked") {
  const finished_run before;
  const auto found =
      check(program_on<count<std::uint64_t>>(before.directory.path(), 3), before.directory.path());
  const std::string text = weir::text_of(found);
  CAPTURE(text);
  CHECK(contains(text, "parallelism 2      parallelism 3   same, shared out anew"));
  CHECK(contains(text, "map<u64,u64>"));
  CHECK(contains(text, "(positions)        1024"));
  CHECK(contains(text, "(prepared output)  2"));
  CHECK(contains(text, "Fits: the job would go on from checkpoint"));

  const auto json = nlohmann::json::parse(weir::json_of(found));
  CHECK(json["fits"] == true);
  CHECK(json["operators"].size() == 3);
  const auto refused = nlohmann::json::parse(weir::json_of(
      check(program_on<count<std::uint32_t>>(before.directory.path()), before.directory.path())));
  CHECK(refused["fits"] == false);
  CHECK(refused["operators"][1]["states"][0]["fit"] == "another type");
  CHECK(refused["operators"][1]["states"][0]["checkpoint_schema"] == "map<u64,u64>");
  CHECK(refused["operators"][1]["states"][0]["program_schema"] == "map<u64,u32>");
  CHECK(refused["operators"][1]["states"][0]["message"] != "");
  CHECK(refused["checkpoint"] == found.checkpoint->epoch.value);
  CHECK(contains(refused["refusal"].get<std::string>(), "state 'seen'"));
}

TEST_CASE("a directory without a checkpoint: the job would begin anew; --from is refused") {
  const weir::scratch_directory directory;
  {
    auto store =
        weir::snapshot_store::open(directory.path(), {}, "job", [] { return std::uint64_t{0}; });
    REQUIRE(store);
  }
  const auto env = program_on<count<std::uint64_t>>(directory.path());
  const auto found = check(env, directory.path());
  CHECK_FALSE(found.refusal);
  CHECK(contains(weir::text_of(found), "There is no checkpoint: the job would begin anew"));
  CHECK(check(env, directory.path(), weir::epoch_id{1}).refusal);
}
