// SPDX-License-Identifier: Apache-2.0
// A program whose state types have gained fields goes on from the checkpoints of the program before:
// keyed values, list elements and a fold sink's accumulator.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace before {

struct totals {
  std::uint64_t seen = 0;
};
WEIR_RECORD(totals, seen)

}  // namespace before

namespace after {

struct totals {
  std::uint64_t since_the_update = 0;
  std::uint64_t seen = 0;
};
WEIR_RECORD(totals, since_the_update, seen)

}  // namespace after

namespace {

using namespace weir::test;

constexpr std::uint64_t keys = 20'000;
constexpr std::uint64_t records = 2'000'000;

/// What the fold sink found at the end, with the type of today's program.
struct found {
  std::mutex mutex;
  after::totals totals;
};

template <class Totals>
constexpr bool is_updated = requires(Totals totals) {
  totals.since_the_update;
};

template <class Totals>
void take(Totals& totals) {
  ++totals.seen;
  if constexpr (is_updated<Totals>) ++totals.since_the_update;
}

/// Counts by key in `per key`, and all of the subtask in a list of one element.
template <class Totals>
struct count final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<Totals> per_key{*this, "per key"};
  weir::operator_list_state<Totals> all{*this, "all"};

  void process(const std::uint64_t&, context&, weir::collector<std::uint64_t>& out) override {
    Totals mine = per_key.value();
    take(mine);
    out.emit(mine.seen);
    per_key.update(mine);
    Totals sum = all.get().empty() ? Totals{} : all.get().front();
    take(sum);
    all.update({sum});
  }
  void on_end(weir::collector<std::uint64_t>& out) override { out.emit(all.get().front().seen); }
};

template <class Totals>
void build(weir::environment& env, double rate, const std::shared_ptr<found>& into) {
  env.set("execution.checkpointing.interval", "2 ms");
  env.from("numbers", weir::generate([](std::uint64_t n) { return n; }).count(records).rate(rate))
      .key_by([](const std::uint64_t& n) { return n % keys; })
      .template process<count<Totals>>("count")
      .to("fold", weir::fold_sink(
                      Totals{},
                      [](Totals& sum, const std::uint64_t& seen) {
                        sum.seen += seen;
                        if constexpr (is_updated<Totals>) ++sum.since_the_update;
                      },
                      [into](const Totals& part) {
                        const std::lock_guard hold(into->mutex);
                        into->totals.seen += part.seen;
                        if constexpr (is_updated<Totals>)
                          into->totals.since_the_update += part.since_the_update;
                      }));
}

template <class Totals>
weir::job_report cancelled_run(const std::filesystem::path& state, double rate) {
  auto env = make_environment(state, 2);
  build<Totals>(env, rate, std::make_shared<found>());
  return cancel_after_checkpoints(start(env), 4);
}

}  // namespace

TEST_CASE(
    "states gain a field: what was counted before stays, the new field begins with its default") {
  const weir::scratch_directory scratch;
  const auto state = scratch.path() / "state";
  cancelled_run<before::totals>(state, 50'000);
  // Slowly, so that little changes between two checkpoints, and deltas are written: they are read back below.
  REQUIRE(cancelled_run<after::totals>(state, 10'000).restored_from);

  const auto into = std::make_shared<found>();
  auto env = make_environment(state, 2);
  build<after::totals>(env, 0, into);
  REQUIRE(run_to_finish(env).restored_from);

  // Each key's counts 1 .. records / keys, and at the end the counts of both subtasks.
  const std::uint64_t each = records / keys;
  CHECK(into->totals.seen == keys * each * (each + 1) / 2 + records);
  // Records that the new program took: not those before the update, and at least some.
  CHECK(into->totals.since_the_update > 0);
  CHECK(into->totals.since_the_update < records);
}

TEST_CASE("a field that is gone, or has another type, is refused with operator, state and field") {
  const weir::scratch_directory scratch;
  const auto state = scratch.path() / "state";
  cancelled_run<after::totals>(state, 10'000);

  auto env = make_environment(state, 2);
  build<before::totals>(env, 0, std::make_shared<found>());
  auto job = env.execute();

  REQUIRE_FALSE(job);
  CHECK(job.error().code == weir::error_code::incompatible);
  CHECK_MESSAGE(contains(job.error().message, "operator 'count', state 'per key'"),
                job.error().text());
  CHECK_MESSAGE(contains(job.error().message, "since_the_update"), job.error().text());
}
