// SPDX-License-Identifier: Apache-2.0
// The generator's sequence numbers: residue classes dealt to any number of subtasks, that stop at
// any point and go on at another parallelism, give every number once. Time is a value here: rates
// are tested without a clock.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/detail/residue_classes.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;
using namespace std::chrono_literals;
using weir::detail::residue_classes;
using kind = weir::poll_result::kind;

const weir::steady_time midnight{24h};

/// The subtasks of one source, each with its classes.
class group {
 public:
  group(weir::detail::residue_schedule schedule, std::uint32_t parallelism, weir::steady_time now,
        const std::vector<weir::split_position>& restored = {})
      : schedule_(schedule), parallelism_(parallelism) {
    for (std::uint32_t i = 0; i < parallelism; ++i) {
      members_.emplace_back(schedule);
      const auto done = members_.back().restore(restored, "numbers");
      REQUIRE_MESSAGE(done, done.error().text());
      members_.back().open(i, parallelism, now);
    }
  }

  /// One poll of one subtask with the given limit; marks what it emits. Returns what it came to.
  kind poll(std::uint32_t subtask, std::uint32_t limit, weir::steady_time now,
            std::vector<std::uint8_t>& seen) {
    auto& classes = members_.at(subtask);
    const auto bound = classes.due(now);
    const auto run = classes.next_run(bound, limit);
    REQUIRE(run.count <= limit);
    if (run.count == 0) return classes.idle(bound, now).status;
    std::uint64_t number = run.first;
    for (std::uint32_t i = 0; i < run.count; ++i, number += run.stride) {
      REQUIRE(number < bound);
      REQUIRE(number % residue_classes::class_count % parallelism_ == subtask);
      REQUIRE(seen.at(number)++ == 0);
    }
    emitted_ += run.count;
    return kind::more;
  }
  void finish(std::vector<std::uint8_t>& seen) {
    for (std::uint32_t i = 0; i < parallelism_; ++i) {
      while (poll(i, 1024, midnight, seen) == kind::more) {
      }
      CHECK(poll(i, 1024, midnight, seen) == kind::ended);
    }
  }
  std::vector<weir::split_position> save() const {
    std::vector<weir::split_position> all;
    for (const auto& member : members_) member.save(all);
    return all;
  }
  residue_classes& at(std::uint32_t subtask) { return members_.at(subtask); }
  std::uint64_t emitted() const { return emitted_; }

 private:
  weir::detail::residue_schedule schedule_;
  std::uint32_t parallelism_;
  std::vector<residue_classes> members_;
  std::uint64_t emitted_ = 0;
};

bool all_once(const std::vector<std::uint8_t>& seen) {
  return std::all_of(seen.begin(), seen.end(), [](std::uint8_t times) { return times == 1; });
}

std::uint64_t itself(std::uint64_t seq) {
  return seq;
}

}  // namespace

TEST_CASE("every sequence number below the count belongs to one subtask, at any parallelism") {
  for (const std::uint64_t count : {0u, 1u, 5u, 1023u, 1024u, 1025u, 10'000u}) {
    for (const std::uint32_t parallelism : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 1000u, 1024u}) {
      CAPTURE(count);
      CAPTURE(parallelism);
      std::vector<std::uint8_t> seen(count);
      group all({.count = count, .records_per_second = 0, .start = {}}, parallelism, midnight);
      all.finish(seen);
      CHECK(all_once(seen));
    }
  }
}

TEST_CASE("stopped anywhere and resumed at other parallelisms, every number still comes once") {
  const std::uint64_t seed = seed_of(7);
  MESSAGE("WEIR_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    const std::uint64_t count = random() % 20'000;
    const weir::detail::residue_schedule schedule{
        .count = count, .records_per_second = 0, .start = {}};
    std::vector<std::uint8_t> seen(count);
    std::vector<weir::split_position> positions;
    const auto runs = 1 + random() % 5;
    for (std::uint64_t run = 0; run < runs; ++run) {
      const auto parallelism = static_cast<std::uint32_t>(1 + random() % 7);
      group all(schedule, parallelism, midnight, positions);
      const auto polls = random() % 60;
      for (std::uint64_t i = 0; i < polls; ++i) {
        const auto subtask = static_cast<std::uint32_t>(random() % parallelism);
        all.poll(subtask, static_cast<std::uint32_t>(1 + random() % 1024), midnight, seen);
      }
      positions = all.save();
      REQUIRE(positions.size() == residue_classes::class_count);
    }
    group last(schedule, static_cast<std::uint32_t>(1 + random() % 7), midnight, positions);
    last.finish(seen);
    CHECK(all_once(seen));
  }
}

TEST_CASE("positions saved at the end find the end again") {
  std::vector<std::uint8_t> seen(2500);
  const weir::detail::residue_schedule schedule{
      .count = 2500, .records_per_second = 0, .start = {}};
  group first(schedule, 3, midnight);
  first.finish(seen);
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    group again(schedule, parallelism, midnight, first.save());
    again.finish(seen);
    CHECK(again.emitted() == 0);
  }
}

TEST_CASE("a rate lets through what is due and says when there will be more") {
  std::vector<std::uint8_t> seen(10'000);
  group one({.count = 10'000, .records_per_second = 1000, .start = {}}, 1, midnight);
  CHECK(one.at(0).due(midnight) == 0);
  CHECK(one.at(0).due(midnight - 1h) == 0);
  CHECK(one.at(0).due(midnight + 1500us) == 1);
  CHECK(one.at(0).due(midnight + 250ms) == 250);
  CHECK(one.at(0).due(midnight + 1h) == 10'000);

  CHECK(one.poll(0, 1024, midnight + 250ms, seen) == kind::more);
  CHECK(one.emitted() == 250);
  CHECK(one.poll(0, 1024, midnight + 250ms, seen) == kind::wait);
  const auto wait = one.at(0).idle(250, midnight + 250ms);
  CHECK(wait.until >= midnight + 251ms);
  CHECK(wait.until < midnight + 252ms);
  CHECK(one.poll(0, 1024, wait.until, seen) == kind::more);
  CHECK(one.emitted() >= 251);
}

TEST_CASE("a high rate wakes for a batch, not for a record") {
  group one({.count = 1'000'000, .records_per_second = 1e6, .start = {}}, 1, midnight);
  const auto wait = one.at(0).idle(one.at(0).due(midnight), midnight);
  CHECK(wait.status == kind::wait);
  CHECK(wait.until == midnight + residue_classes::pause_min);
}

TEST_CASE("the rate is that of all subtasks together") {
  std::vector<std::uint8_t> seen(100'000);
  group all({.count = 100'000, .records_per_second = 10'000, .start = {}}, 7, midnight);
  for (std::uint32_t subtask = 0; subtask < 7; ++subtask) {
    while (all.poll(subtask, 1024, midnight + 2s, seen) == kind::more) {
    }
  }
  CHECK(all.emitted() >= 19'990);
  CHECK(all.emitted() <= 20'000 + 7);  // each subtask counts from its own first number
}

TEST_CASE(
    "start_at fixes when record seq is due, also after a restart; without it the rate goes on from "
    "where it was") {
  const weir::detail::residue_schedule fixed{
      .count = 10'000, .records_per_second = 1000, .start = midnight};
  weir::detail::residue_schedule floating = fixed;
  floating.start.reset();
  std::vector<std::uint8_t> seen(10'000);
  group first(fixed, 1, midnight + 1s);
  CHECK(first.at(0).due(midnight + 1s) == 1000);
  first.poll(0, 500, midnight + 1s, seen);

  group again(fixed, 1, midnight + 3s, first.save());
  CHECK(again.at(0).due(midnight + 3s) == 3000);
  group resumed(floating, 1, midnight + 3s, first.save());
  CHECK(resumed.at(0).due(midnight + 3s) == first.emitted());
  CHECK(resumed.at(0).due(midnight + 4s) == first.emitted() + 1000);
}

TEST_CASE("positions that are no residue class are refused by name") {
  const auto restored_from = [](std::string id, std::size_t bytes) {
    residue_classes classes({});
    return classes.restore({{std::move(id), weir::byte_vector(bytes)}}, "numbers");
  };
  CHECK(restored_from("0", 8));
  CHECK(restored_from("1023", 8));
  for (const char* id : {"", "1024", "-1", "x", "99999999999", "1 "}) {
    const auto refused = restored_from(id, 8);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == weir::error_code::corrupt);
    CHECK(contains(refused.error().message, "'numbers'"));
  }
  CHECK_FALSE(restored_from("7", 7));
  CHECK_FALSE(restored_from("7", 9));
}

TEST_CASE("a job's generator brings every number once at parallelisms 1 to 7") {
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 0; n < 20'000; ++n) expected.push_back(n);
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 4u, 5u, 6u, 7u}) {
    CAPTURE(parallelism);
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", parallelism);
    const auto output = std::make_shared<weir::collected<std::uint64_t>>();
    env.from("numbers", weir::generate(itself).count(20'000)).to("out", weir::collect_sink(output));
    run_to_finish(env);
    CHECK((sorted(output->records()) == expected));
  }
}

TEST_CASE(
    "a job's generator that is cancelled and resumed at other parallelisms brings every number "
    "once") {
  const weir::scratch_directory scratch;
  const auto output = std::make_shared<weir::collected<std::uint64_t>>();
  for (const std::uint32_t parallelism : {5u, 2u, 7u, 3u}) {
    auto env = make_environment(scratch.path() / "state", parallelism);
    env.set("execution.checkpointing.interval", "2 ms");
    const double rate = parallelism == 3 ? 0 : 10'000;
    env.from("numbers", weir::generate(itself).count(600'000).rate(rate))
        .to("out", weir::collect_sink(output));
    if (rate == 0) {
      run_to_finish(env);
    } else {
      cancel_after_checkpoints(start(env), 3);
    }
  }
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 0; n < 600'000; ++n) expected.push_back(n);
  CHECK((sorted(output->records()) == expected));
}
