// SPDX-License-Identifier: Apache-2.0
// The protocol as a whole, by simulation from a seed: whatever the order of messages, and whatever dies meanwhile, the
// snapshots of a complete epoch are a consistent cut, and going on from any of them gives what a run without failures
// gives (P1 to P4, P6 to P8, P10, P13, P16, P17). The simulator checks cuts and credits as it goes.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "tests/dataflow/stream_graph.hpp"
#include "tests/support/job_simulator.hpp"
#include "tests/support/seed.hpp"
#include "weir/sinks.hpp"

namespace weir::test {
namespace {

struct hit {
  std::uint64_t key = 0;
};
struct tally {
  std::uint64_t key = 0;
  std::int64_t count = 0;
};
WEIR_RECORD(hit, key)
WEIR_RECORD(tally, key, count)

}  // namespace
}  // namespace weir::test

// Small batches, so that a short run has many of them.
template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::hit> = 64;
template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::tally> = 32;

namespace weir::test {
namespace {

constexpr std::uint64_t hits = 12'000;
constexpr std::uint64_t echoed_hits = 300;  // each arrives twice
constexpr std::uint64_t keys = 3'000;
constexpr std::uint64_t buckets = 7;

hit make_hit(std::uint64_t seq) {
  return {seq * 2654435761u % keys};
}

template <class In>
struct count_by_key final : keyed_process<std::uint64_t, In, tally> {
  value_state<std::int64_t> seen{*this, "seen", 0};
  void process(const In& record, keyed_context<std::uint64_t>&, collector<tally>& out) override {
    seen.update(seen.value() + 1);
    out.emit({record.key, seen.value()});
  }
};

using tallies = std::vector<tally>;

/// Two sources, one of which ends early; a broadcast; a union; keyed counts by 3,000 keys, then by 7 of what these emit;
/// at the end a ledger, all of whose content is state, and a sink that shows output epoch by epoch.
struct simulated_job {
  explicit simulated_job(std::uint32_t parallelism) {
    auto job = std::make_shared<graph>();
    const stream<hit> numbers = from(job, "numbers", generate(make_hit).count(hits)).parallelism(2);
    const stream<hit> extra =
        from(job, "extra", generate(make_hit).count(echoed_hits)).parallelism(1);
    const stream<hit> echo =
        extra.broadcast().map("echo", [](const hit& one) { return one; }).parallelism(2);
    auto counts = numbers.union_with(echo)
                      .key_by([](const hit& one) { return one.key; })
                      .process<count_by_key<hit>>("count");
    auto bucket = counts.rebalance()
                      .map("bucket",
                           [](const tally& one) {
                             return tally{one.key % buckets, 0};
                           })
                      .parallelism(2);
    auto totals = bucket.key_by([](const tally& one) { return one.key; })
                      .process<count_by_key<tally>>("total");
    const auto show = [result = ledger](const tallies& all) { *result = all; };
    totals.to("ledger",
              fold_sink(
                  tallies{}, [](tallies& all, const tally& one) { all.push_back(one); }, show));
    job->nodes.back().parallelism = 1;
    totals.to("shown", collect_sink<tally>(shown));
    physical =
        std::make_shared<const plan>(make_plan(job, {.default_parallelism = parallelism}).value());
  }

  std::shared_ptr<tallies> ledger = std::make_shared<tallies>();
  std::shared_ptr<collected<tally>> shown = std::make_shared<collected<tally>>();
  std::shared_ptr<const plan> physical;
};

/// How often each bucket is counted without failures.
std::array<std::int64_t, buckets> expected_totals() {
  std::array<std::int64_t, buckets> totals{};
  for (std::uint64_t seq = 0; seq < hits; ++seq) ++totals[make_hit(seq).key % buckets];
  for (std::uint64_t seq = 0; seq < echoed_hits; ++seq) totals[make_hit(seq).key % buckets] += 2;
  return totals;
}

/// Each bucket's counts are 1 to its total, each once.
void check_exact(const tallies& output) {
  auto left = expected_totals();
  std::array<std::vector<bool>, buckets> seen;
  for (std::uint64_t key = 0; key < buckets; ++key)
    seen[key].resize(static_cast<std::size_t>(left[key]) + 1);
  for (const auto& one : output) {
    REQUIRE(one.count >= 1);
    REQUIRE(one.count < static_cast<std::int64_t>(seen.at(one.key).size()));
    REQUIRE(!seen[one.key][static_cast<std::size_t>(one.count)]);
    seen[one.key][static_cast<std::size_t>(one.count)] = true;
    --left[one.key];
  }
  for (const auto missing : left) CHECK(missing == 0);
}

/// Nothing is missing; how many records there are too many.
std::int64_t check_nothing_lost(const tallies& output) {
  auto left = expected_totals();
  for (const auto& one : output) --left.at(one.key);
  std::int64_t surplus = 0;
  for (const auto missing : left) {
    CHECK(missing <= 0);
    surplus -= missing;
  }
  return surplus;
}

simulator_options calm(const simulated_job& job, std::uint64_t seed) {
  simulator_options options;
  options.physical = job.physical;
  options.seed = seed;
  return options;
}

simulator_options faulty(const simulated_job& job, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  constexpr std::array timeouts{std::chrono::milliseconds(60), std::chrono::milliseconds(200),
                                std::chrono::milliseconds(60'000)};
  simulator_options options = calm(job, seed);
  options.crash = random() % 4 == 0 ? 0 : 3'000;
  options.failed_manifest = random() % 2 == 0 ? 0 : 6;
  options.failed_chunk = random() % 2 == 0 ? 0 : 60;
  options.checkpoint_timeout = timeouts[random() % timeouts.size()];
  return options;
}

void add(simulator_counts& sum, const simulator_counts& one) {
  sum.crashes += one.crashes;
  sum.declined += one.declined;
  sum.dropped += one.dropped;
  sum.ahead_of_cut += one.ahead_of_cut;
  sum.deltas += one.deltas;
  sum.in_flight_max = std::max(sum.in_flight_max, one.in_flight_max);
}

TEST_CASE("a simulated run without faults counts every record once and checkpoints on the way") {
  simulated_job job(2);
  memory_store store;
  job_simulator run(calm(job, 1), store);
  run.run();
  check_exact(*job.ledger);
  check_exact(job.shown->records());
  CHECK(run.job().completed > 3);
  CHECK(run.job().restarts == 0);
  CHECK(
      store.manifests.rbegin()->second.finished);  // P16: the last checkpoint is of finished tasks
}

TEST_CASE(
    "whatever fails whenever, every record is counted once, and every complete epoch is a "
    "consistent cut") {
  const auto seed = print_seed();
  simulator_counts hit_by;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  for (std::uint64_t round = 0; round < 40; ++round) {
    CAPTURE(round);
    simulated_job job(static_cast<std::uint32_t>(1 + round % 3));
    memory_store store;
    job_simulator run(faulty(job, seed + round), store);
    run.run();
    check_exact(*job.ledger);
    check_exact(job.shown->records());
    add(hit_by, run.counts());
    completed += run.job().completed;
    failed += run.job().failed;
  }
  CHECK(hit_by.crashes > 0);  // the faults have hit live work
  CHECK(hit_by.dropped > 0);
  CHECK(hit_by.ahead_of_cut == 0);
  CHECK(hit_by.deltas > 0);
  CHECK(completed > 0);
  CHECK(failed > 0);
  MESSAGE("crashes ", hit_by.crashes, ", dropped ", hit_by.dropped, ", declined ", hit_by.declined,
          ", deltas ", hit_by.deltas, ", completed ", completed, ", failed ", failed);
}

TEST_CASE(
    "going on from any complete epoch, at any parallelism, gives what a run without failures "
    "gives") {
  const auto seed = print_seed();
  std::mt19937_64 random(seed);
  for (std::uint64_t round = 0; round < 10; ++round) {
    simulated_job first(static_cast<std::uint32_t>(1 + random() % 4));
    memory_store store;
    job_simulator run(faulty(first, seed + round), store);
    run.run();
    const auto complete = store.manifests;
    for (int tries = 0; tries < 6; ++tries) {
      auto chosen = complete.begin();
      std::advance(chosen, static_cast<std::ptrdiff_t>(random() % complete.size()));
      simulated_job again(static_cast<std::uint32_t>(1 + random() % 4));
      CAPTURE(round);
      CAPTURE(chosen->first.value);
      auto options = faulty(again, random());
      options.restore_from = chosen->second;
      job_simulator rerun(options, store);
      rerun.run();
      check_exact(*again.ledger);
    }
  }
}

TEST_CASE(
    "a job that is stopped at any moment, whatever fails meanwhile, goes on later with nothing "
    "lost "
    "or doubled") {
  const auto seed = print_seed();
  std::mt19937_64 random(seed);
  std::uint64_t stops = 0;
  std::uint64_t crashes = 0;
  for (std::uint64_t round = 0; round < 12; ++round) {
    CAPTURE(round);
    simulated_job job(static_cast<std::uint32_t>(1 + round % 3));
    memory_store store;
    auto options = faulty(job, seed + round);
    for (bool finished = false; !finished;) {
      options.stop_at = 1 + random() % 3'000;
      options.crash = 500;
      options.seed = random();
      job_simulator run(options, store);
      run.run();
      options.restore_from = store.manifests.rbegin()->second;
      finished = options.restore_from.finished;
      if (!finished) {
        ++stops;
        REQUIRE(run.stopped());
        REQUIRE(**run.stopped() == options.restore_from.epoch);
      }
      crashes += run.counts().crashes_in_stop;
    }
    check_exact(*job.ledger);
    check_exact(job.shown->records());
  }
  CHECK(stops > 10);
  CHECK(crashes > 0);
  MESSAGE(stops, " stops, ", crashes, " crashes meanwhile");
}

TEST_CASE(
    "at-least-once loses nothing, takes no consistent cut, and repeats records after a crash "
    "(P6)") {
  const auto seed = print_seed();
  std::int64_t surplus = 0;
  simulator_counts hit_by;
  for (std::uint64_t round = 0; round < 10 || (surplus == 0 && round < 300); ++round) {
    CAPTURE(round);
    simulated_job job(3);
    memory_store store;
    auto options = faulty(job, seed + round);
    options.mode = alignment::at_least_once;
    options.crash = 3'000;
    job_simulator run(options, store);
    run.run();
    surplus += check_nothing_lost(*job.ledger);
    add(hit_by, run.counts());
  }
  CHECK(hit_by.ahead_of_cut > 0);
  CHECK(surplus > 0);
}

TEST_CASE(
    "with a slow receiver no channel holds more batches than its credits, and all arrive (P3)") {
  const auto seed = print_seed();
  simulated_job job(2);
  memory_store store;
  auto options = calm(job, seed);
  options.slow_chain = "count";
  job_simulator run(options, store);
  run.run();
  check_exact(*job.ledger);
  CHECK(run.counts().in_flight_max == channel_credits);  // the bound was reached
}

}  // namespace
}  // namespace weir::test
