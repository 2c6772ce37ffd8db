// SPDX-License-Identifier: Apache-2.0
// One state directory, several runs: what a later run takes over, what start_options change, and
// which programs and directories are refused, with which words.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;
using counts = std::shared_ptr<weir::collected<std::uint64_t>>;

constexpr std::uint64_t keys = 17;
constexpr std::uint64_t records = 300'000;  // a minute at the rate of the runs that are cancelled
std::uint64_t itself(std::uint64_t seq) {
  return seq;
}
std::uint64_t key_of(const std::uint64_t& n) {
  return n % keys;
}

/// Emits how often the key came, and at the end of the input a million.
template <class Count>
struct count final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<Count> seen{*this, "seen"};
  void process(const std::uint64_t&, context& where, weir::collector<std::uint64_t>& out) override {
    seen.update(static_cast<Count>(seen.value() + 1));
    out.emit(where.key() * 100'000 + static_cast<std::uint64_t>(seen.value()));
  }
  void on_end(weir::collector<std::uint64_t>& out) override { out.emit(99'999'999); }
};

/// Has another state, too.
struct count_and_sum final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<std::uint64_t> seen{*this, "seen"};
  weir::value_state<std::uint64_t> sum{*this, "sum"};
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    seen.update(seen.value() + 1);
    sum.update(sum.value() + n);
    out.emit(sum.value());
  }
};

template <class Op>
void build(weir::environment& env, std::uint64_t count, const counts& output, double rate = 0,
           const std::string& name = "count") {
  env.set("execution.checkpointing.interval", "2 ms");
  env.from("numbers", weir::generate(itself).count(count).rate(rate))
      .key_by(key_of)
      .template process<Op>(name)
      .to("out", weir::collect_sink(output));
}

using plain_count = count<std::uint64_t>;

counts new_output() {
  return std::make_shared<weir::collected<std::uint64_t>>();
}

std::vector<std::uint64_t> expected_counts(std::uint64_t count, std::uint32_t ends) {
  std::vector<std::uint64_t> all(ends, 99'999'999);
  for (std::uint64_t n = 0; n < count; ++n) all.push_back((n % keys) * 100'000 + n / keys + 1);
  return sorted(all);
}

/// A run that was cancelled after a few checkpoints.
weir::job_report cancelled_run(const std::filesystem::path& state, const counts& output,
                               std::uint64_t checkpoints = 4) {
  auto env = make_environment(state, 2);
  build<plain_count>(env, records, output, 5000);
  return cancel_after_checkpoints(start(env), checkpoints);
}

template <class Op>
weir::error refused(const std::filesystem::path& state, const std::string& name = "count") {
  auto env = make_environment(state, 2);
  build<Op>(env, records, new_output(), 0, name);
  auto job = env.execute();
  REQUIRE_FALSE(job);
  return job.error();
}

}  // namespace

TEST_CASE("a cancelled job goes on where its last checkpoint stood") {
  const weir::scratch_directory scratch;
  const auto output = new_output();
  const auto first = cancelled_run(scratch.path() / "state", output);
  CHECK(first.state == weir::job_state::cancelled);
  CHECK_FALSE(first.restored_from);
  const auto second = cancelled_run(scratch.path() / "state", output);
  REQUIRE(second.restored_from);
  CHECK(*second.restored_from >= first.last_completed);

  auto env = make_environment(scratch.path() / "state", 2);
  build<plain_count>(env, records, output);
  const auto last = run_to_finish(env);
  REQUIRE(last.restored_from);
  CHECK(*last.restored_from >= second.last_completed);
  CHECK((sorted(output->records()) == expected_counts(records, 2)));
}

TEST_CASE("a finished job that is run again ends at once and brings nothing twice") {
  const weir::scratch_directory scratch;
  const auto output = new_output();
  for (int run = 0; run < 3; ++run) {
    auto env = make_environment(scratch.path() / "state", 2);
    build<plain_count>(env, 5000, output);
    const auto report = run_to_finish(env);
    CHECK(report.restored_from.has_value() == (run > 0));
    CHECK((sorted(output->records()) == expected_counts(5000, 2)));
  }
}

TEST_CASE("a finished job that is run again at another parallelism brings nothing twice") {
  const weir::scratch_directory scratch;
  const auto output = new_output();
  for (const std::uint32_t parallelism : {2u, 3u, 1u}) {
    auto env = make_environment(scratch.path() / "state", parallelism);
    build<plain_count>(env, 5000, output);
    run_to_finish(env);
    CHECK((sorted(output->records()) == expected_counts(5000, 2)));
  }
}

TEST_CASE("a finished job's source that was given more records goes on with them") {
  const weir::scratch_directory scratch;
  const auto output = new_output();
  auto env = make_environment(scratch.path() / "state", 1);
  build<count<std::uint64_t>>(env, 3000, output);
  run_to_finish(env);
  auto more = make_environment(scratch.path() / "state", 1);
  build<count<std::uint64_t>>(more, 4000, output);
  run_to_finish(more);
  CHECK(output->size() >= 4000);
  CHECK(output->size() <= 4002);
}

TEST_CASE("fresh begins anew and deletes the checkpoints there were") {
  const weir::scratch_directory scratch;
  cancelled_run(scratch.path() / "state", new_output());
  auto env = make_environment(scratch.path() / "state", 2);
  const auto output = new_output();
  build<plain_count>(env, 5000, output);
  weir::start_options fresh;
  fresh.fresh = true;
  const auto report = run_to_finish(env, fresh);
  CHECK_FALSE(report.restored_from);
  CHECK((sorted(output->records()) == expected_counts(5000, 2)));
}

TEST_CASE("from names the checkpoint to resume, and an older one needs leave to repeat output") {
  const weir::scratch_directory scratch;
  const auto first = cancelled_run(scratch.path() / "state", new_output(), 6);
  const weir::epoch_id newest = first.last_completed;
  const weir::epoch_id older{newest.value - 1};

  const auto attempt = [&](weir::epoch_id from, bool duplicates) {
    auto env = make_environment(scratch.path() / "state", 2);
    build<plain_count>(env, records, new_output(), 1000);
    weir::start_options options;
    options.from = from;
    options.allow_duplicates = duplicates;
    auto job = env.execute(options);
    if (!job) return job.error().text();
    const auto report = job->status();
    return "from " + weir::to_string(report.restored_from.value_or(weir::epoch_id{}));
  };
  const auto unknown = attempt({newest.value + 1000}, false);
  CHECK_MESSAGE(contains(unknown, "not found"), unknown);
  CHECK_MESSAGE(contains(unknown, std::to_string(newest.value + 1000)), unknown);
  const auto repeats = attempt(older, false);
  CHECK_MESSAGE(contains(repeats, "'out'"), repeats);
  CHECK_MESSAGE(contains(repeats, "--allow-duplicates"), repeats);
  CHECK(attempt(older, true) == "from " + weir::to_string(older));

  auto env = make_environment(scratch.path() / "state", 2);
  build<plain_count>(env, records, new_output());
  weir::start_options both;
  both.fresh = true;
  both.from = newest;
  const auto refusal = env.execute(both);
  REQUIRE_FALSE(refusal);
  CHECK(refusal.error().code == weir::error_code::invalid_argument);
}

TEST_CASE("a state directory serves one running job at a time") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", 1);
  build<plain_count>(env, 1'000'000, new_output(), 1000);
  auto running = start(env);
  const auto error = refused<plain_count>(scratch.path() / "state");
  CHECK(error.code == weir::error_code::in_use);
  CHECK_MESSAGE(contains(error.message, (scratch.path() / "state").string()), error.message);
  running.cancel();
  running.wait();
}

TEST_CASE("the state directory is free as soon as wait() returns") {
  const weir::scratch_directory scratch;
  const auto output = new_output();
  std::vector<weir::job> still_held;
  for (int run = 0; run < 5; ++run) {
    auto env = make_environment(scratch.path() / "state", 2);
    build<plain_count>(env, 1000, output);
    still_held.push_back(start(env));
    CHECK(still_held.back().wait().state == weir::job_state::finished);
  }
}

TEST_CASE("another job's state directory is refused") {
  const weir::scratch_directory scratch;
  cancelled_run(scratch.path() / "state", new_output());
  auto env = make_environment(scratch.path() / "state", 2, "another job");
  build<plain_count>(env, 1000, new_output());
  const auto job = env.execute();
  REQUIRE_FALSE(job);
  CHECK_MESSAGE(contains(job.error().message, "another job"), job.error().text());
}

TEST_CASE("a program that does not fit the checkpoint is refused with the names") {
  const weir::scratch_directory scratch;
  const auto state = scratch.path() / "state";
  cancelled_run(state, new_output());

  const auto renamed = refused<plain_count>(state, "total");
  CHECK(renamed.code == weir::error_code::incompatible);
  CHECK_MESSAGE(contains(renamed.message, "'count'"), renamed.message);
  const auto retyped = refused<count<double>>(state);
  CHECK(retyped.code == weir::error_code::incompatible);
  CHECK_MESSAGE(contains(retyped.message, "operator 'count', state 'seen'"), retyped.message);

  const auto output = new_output();
  auto env = make_environment(state, 2);
  build<count_and_sum>(env, records, output);  // one more state: begins empty
  CHECK(run_to_finish(env).restored_from);
  const auto removed = refused<plain_count>(state);
  CHECK(removed.code == weir::error_code::incompatible);
  CHECK_MESSAGE(contains(removed.message, "no state 'sum'"), removed.message);
}

TEST_CASE("a damaged snapshot file is refused, and never ends the process") {
  const weir::scratch_directory scratch;
  const auto state = scratch.path() / "state";
  cancelled_run(state, new_output());
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
    if (!entry.is_regular_file() || contains(entry.path().filename().string(), "lock")) continue;
    if (file.empty() || entry.file_size() > std::filesystem::file_size(file)) file = entry.path();
  }
  REQUIRE_FALSE(file.empty());
  const auto size = std::filesystem::file_size(file);
  {
    std::fstream damage(file, std::ios::in | std::ios::out | std::ios::binary);
    damage.seekp(0);
    for (std::uintmax_t i = 0; i < size; ++i) damage.put('\x5a');
  }
  const auto error = refused<plain_count>(state);
  CHECK_MESSAGE(weir::recovery_of(error.code) == weir::recovery::fail_job, error.text());
  CHECK_MESSAGE(contains(error.message, state.string()), error.text());
}
