// SPDX-License-Identifier: Apache-2.0
// Specifies poison policies on whole jobs (P19): a record that kills its operator each time is dropped, becomes one dead
// letter, or ends the job, after as many kills as the policy says, in each of three operators of a chain; no other record
// is lost or counted twice, also when the job fails or starts again afterwards. The poison is asserted to have hit.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;

constexpr std::uint64_t records = 20'000;
constexpr std::uint64_t keys = 97;
constexpr std::uint64_t bad = 12'345;

struct hit {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};
WEIR_RECORD(hit, key, value)

struct counted {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  std::uint64_t count = 0;
};
WEIR_RECORD(counted, key, value, count)

hit make_hit(std::uint64_t seq) {
  return {seq % keys, seq};
}

enum stage { in_map, in_process, in_keyed };

/// Poison, shared by all attempts of a job: the values on which a stage throws, and how often each stage did. What passes
/// the last stage burns a fuse.
struct poison {
  std::array<std::set<std::uint64_t>, 3> bad_values;
  std::array<std::atomic<std::uint32_t>, 3> kills{};
  fuse after;

  /// A record that is not left out in time passes in the end, so that the test fails instead of going on for ever.
  static constexpr std::uint32_t kills_max = 100;

  void taste(stage where, std::uint64_t value) {
    if (!bad_values[where].contains(value) || ++kills[where] > kills_max) return;
    throw std::runtime_error("poison " + std::to_string(value));
  }
};
using poison_ptr = std::shared_ptr<poison>;

struct pass_on final : weir::process_function<hit, hit> {
  explicit pass_on(poison_ptr with) : with_(std::move(with)) {}
  void process(const hit& record, context&, weir::collector<hit>& out) override {
    with_->taste(in_process, record.value);
    out.emit(record);
  }

 private:
  poison_ptr with_;
};

struct count_hits final : weir::keyed_process<std::uint64_t, hit, counted> {
  explicit count_hits(poison_ptr with) : with_(std::move(with)) {}
  weir::value_state<std::uint64_t> seen{*this, "seen", 0};

  void process(const hit& record, context&, weir::collector<counted>& out) override {
    seen.update(seen.value() + 1);  // before the throw: only a rollback undoes it
    with_->taste(in_keyed, record.value);
    out.emit({record.key, record.value, seen.value()});
    with_->after.step();
  }

 private:
  poison_ptr with_;
};

struct outcome {
  std::shared_ptr<weir::collected<counted>> good = std::make_shared<weir::collected<counted>>();
  std::array<std::shared_ptr<weir::collected<weir::dead_letter>>, 3> letters;

  std::vector<weir::dead_letter> letters_of(stage where) const { return letters[where]->records(); }
};

enum class policy { none, fail, skip, dead_letter };

template <class Stream>
auto with_policy(const Stream& made, policy what, std::uint32_t kills, const std::string& name,
                 std::shared_ptr<weir::collected<weir::dead_letter>>& letters) {
  letters = std::make_shared<weir::collected<weir::dead_letter>>();
  using plain = weir::stream<typename Stream::record_type>;
  if (what == policy::fail) return made.on_poison(weir::poison::fail(kills));
  if (what == policy::skip) return made.on_poison(weir::poison::skip(kills));
  if (what == policy::dead_letter) {
    return made.on_poison(weir::poison::dead_letter(name, weir::collect_sink(letters), kills));
  }
  return plain(made);
}

outcome build(weir::environment& env, const poison_ptr& with, policy what, std::uint32_t kills,
              double rate = 0) {
  outcome out;
  auto mapped = env.from("hits", weir::generate(make_hit).count(records).rate(rate))
                    .map("touch", [with](hit record) {
                      with->taste(in_map, record.value);
                      return record;
                    });
  auto passed = with_policy(mapped, what, kills, "bad-touch", out.letters[in_map])
                    .process<pass_on>("pass", with);
  auto counts = with_policy(passed, what, kills, "bad-pass", out.letters[in_process])
                    .key_by([](const hit& record) { return record.key; })
                    .process<count_hits>("count", with);
  with_policy(counts, what, kills, "bad-count", out.letters[in_keyed])
      .to("out", weir::collect_sink(out.good));
  return out;
}

/// Every value but the bad ones came out once, and the counts of each key are 1 to n.
void check_all_but(const std::vector<counted>& output, const std::set<std::uint64_t>& missing) {
  std::set<std::uint64_t> values;
  std::set<std::pair<std::uint64_t, std::uint64_t>> counts;
  std::array<std::uint64_t, keys> most{};
  for (const auto& one : output) {
    CHECK_MESSAGE(values.insert(one.value).second, "twice: ", one.value);
    CHECK(counts.insert({one.key, one.count}).second);
    most[one.key] = std::max(most[one.key], one.count);
  }
  CHECK(values.size() == records - missing.size());
  for (const auto one : missing) CHECK(!values.contains(one));
  std::uint64_t sum = 0;
  for (const auto one : most) sum += one;
  CHECK(sum == output.size());
}

void check_letter(const weir::dead_letter& letter, const char* name, std::uint32_t kills,
                  std::uint64_t value) {
  CHECK(letter.operator_name == name);
  CHECK(letter.kills == kills);
  CHECK(contains(letter.error, "poison " + std::to_string(value)));
  CHECK(letter.attempt >= kills);
  CHECK(letter.time_ms > 0);
  CHECK(letter.identity.size() == 16);
  CHECK(letter.text == std::to_string(value % keys) + " " + std::to_string(value));
  const auto record = letter.as<hit>();
  REQUIRE(record);
  CHECK(record->value == value);
  CHECK(!letter.as<counted>());
}

constexpr std::array names{"touch", "pass", "count"};

poison_ptr make_poison(stage where, std::set<std::uint64_t> values) {
  auto made = std::make_shared<poison>();
  made->bad_values[where] = std::move(values);
  return made;
}

}  // namespace

TEST_CASE("a record that kills an operator each time is skipped after so many kills") {
  for (const stage where : {in_map, in_process, in_keyed}) {
    for (const std::uint32_t parallelism : {1u, 2u}) {
      CAPTURE(names[where]);
      const weir::scratch_directory scratch;
      auto env = make_environment(scratch.path() / "state", parallelism);
      env.set("restart-strategy.type", "none");  // kills use up no restart attempt
      const auto with = make_poison(where, {bad});
      const auto out = build(env, with, policy::skip, 3);

      const auto report = run_to_finish(env);

      CHECK(with->kills[where] == 3);
      CHECK(report.restarts == 3);
      check_all_but(out.good->records(), {bad});
    }
  }
}

TEST_CASE("a record that kills an operator each time becomes one dead letter") {
  for (const stage where : {in_map, in_process, in_keyed}) {
    CAPTURE(names[where]);
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", 2);
    env.set("restart-strategy.type", "none").set("execution.checkpointing.interval", "2 ms");
    const auto with = make_poison(where, {bad});
    const auto out = build(env, with, policy::dead_letter, 2);

    run_to_finish(env);

    CHECK(with->kills[where] == 2);
    check_all_but(out.good->records(), {bad});
    for (const stage other : {in_map, in_process, in_keyed}) {
      CHECK(out.letters_of(other).size() == (other == where ? 1 : 0));
    }
    REQUIRE(out.letters_of(where).size() == 1);
    check_letter(out.letters_of(where).front(), names[where], 2, bad);
    CHECK(out.letters_of(where).front().key.empty() == (where != in_keyed));
  }
}

TEST_CASE("many poison records in all operators of a chain become a dead letter each") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", 2);
  env.set("restart-strategy.type", "none").set("execution.checkpointing.interval", "2 ms");
  auto with = std::make_shared<poison>();
  std::set<std::uint64_t> all;
  for (std::uint64_t i = 0; i < 30; ++i) {
    const std::uint64_t value = 100 + i * 601;
    with->bad_values[i % 3].insert(value);
    all.insert(value);
  }
  const auto out = build(env, with, policy::dead_letter, 1);

  const auto report = run_to_finish(env);

  CHECK(report.restarts >= 30 / 3);
  check_all_but(out.good->records(), all);
  for (const stage where : {in_map, in_process, in_keyed}) {
    CHECK(with->kills[where] >= 10);
    std::set<std::string> identities;
    for (const auto& letter : out.letters_of(where)) identities.insert(letter.identity);
    CHECK(identities.size() == 10);
    CHECK(out.letters_of(where).size() == 10);
  }
}

TEST_CASE("a dead letter appears once also when the job fails behind it before a checkpoint") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("execution.checkpointing.interval", "0 ms");  // none but the last
  const auto with = make_poison(in_process, {1'000});
  // 1,000 records pass in each of two attempts that poison ends; then the fuse burns behind the letter.
  with->after = fuse(2 * 1'100 + 5'000);
  const auto out = build(env, with, policy::dead_letter, 2);

  const auto report = run_to_finish(env);

  CHECK(with->after.is_burnt());
  CHECK(with->kills[in_process] == 2);  // convicted: the replay does not die of it again
  CHECK(report.restarts == 3);
  check_all_but(out.good->records(), {1'000});
  REQUIRE(out.letters_of(in_process).size() == 1);
  check_letter(out.letters_of(in_process).front(), "pass", 2, 1'000);
}

TEST_CASE("fail ends the job with operator and record in its message") {
  for (const std::uint32_t kills : {1u, 3u}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state");
    const auto with = make_poison(in_keyed, {bad});
    build(env, with, policy::fail, kills);

    const auto report = run(env);

    REQUIRE(report.state == weir::job_state::failed);
    CHECK(with->kills[in_keyed] == kills);
    CHECK(report.restarts == kills - 1);
    const auto story = failure_of(report);
    CHECK_MESSAGE(contains(story, "operator count " + std::to_string(kills) + " times"), story);
    CHECK_MESSAGE(contains(story, "poison 12345"), story);
    const hit record = make_hit(bad);
    weir::byte_vector bytes;
    weir::byte_writer writer(bytes);
    weir::codec<std::uint64_t>::encode(record.key, writer);
    weir::codec<hit>::encode(record, writer);
    CHECK_MESSAGE(contains(story, "record " + weir::identity_text(weir::identity_of(bytes))),
                  story);
  }
}

TEST_CASE("without a policy a poison record counts for the restart strategy") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("restart-strategy.type", "none");
  const auto with = make_poison(in_process, {bad});
  build(env, with, policy::none, 0);

  const auto report = run(env);

  CHECK(report.state == weir::job_state::failed);
  CHECK(with->kills[in_process] == 1);
}

TEST_CASE("kills count across runs of the job, until a fresh one") {
  const weir::scratch_directory scratch;
  const auto with = make_poison(in_keyed, {bad});
  const auto run_with = [&](policy what, std::uint32_t kills, weir::start_options options = {}) {
    auto env = make_environment(scratch.path() / "state");
    env.set("restart-strategy.type", "none").set("execution.checkpointing.interval", "0 ms");
    auto out = build(env, with, what, kills);
    const auto report = run(env, options);
    return std::pair(std::move(out), report.state);
  };

  CHECK(run_with(policy::fail, 2).second == weir::job_state::failed);
  CHECK(with->kills[in_keyed] == 2);
  const auto again = run_with(policy::dead_letter, 3);  // one kill is left of three

  CHECK(again.second == weir::job_state::finished);
  CHECK(with->kills[in_keyed] == 3);
  check_all_but(again.first.good->records(), {bad});
  REQUIRE(again.first.letters_of(in_keyed).size() == 1);
  check_letter(again.first.letters_of(in_keyed).front(), "count", 3, bad);

  const auto fresh = run_with(policy::dead_letter, 2, {.fresh = true, .from = {}});
  CHECK(fresh.second == weir::job_state::finished);
  CHECK(with->kills[in_keyed] == 5);
  CHECK(fresh.first.letters_of(in_keyed).front().kills == 2);
}

TEST_CASE("a source, a second policy, no kill and too many are errors of the graph") {
  auto env = weir::environment("wrong");
  auto letters = std::make_shared<weir::collected<weir::dead_letter>>();
  auto source = env.from("hits", weir::generate(make_hit).count(1));
  source.on_poison(weir::poison::skip(1));
  source.map("once", [](hit one) { return one; })
      .on_poison(weir::poison::skip(1))
      .on_poison(weir::poison::skip(2))
      .map("never", [](hit one) { return one; })
      .on_poison(weir::poison::skip(0))
      .map("often", [](hit one) { return one; })
      .on_poison(weir::poison::dead_letter("bad", weir::collect_sink(letters), 1001))
      .to("out", weir::discard_sink());

  const auto refused = env.plan();

  REQUIRE(!refused);
  for (const char* part :
       {"only operators have a poison policy", "has a poison policy already",
        "may kill 0 times, expected 1 to 1000", "may kill 1001 times, expected 1 to 1000"}) {
    CHECK_MESSAGE(contains(refused.error().text(), part), refused.error().text());
  }
}

TEST_CASE("what an operator throws is not blamed on the record in front that filled its batch") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  env.set("restart-strategy.type", "none");
  const auto with = make_poison(in_process, {bad});
  outcome out;
  const auto spread = [](const hit& record, weir::collector<hit>& into) {
    for (std::uint64_t i = 0; i < 50; ++i) into.emit({record.key, record.value * 50 + i});
  };
  const auto numbers = env.from("hits", weir::generate(make_hit).count(records / 50));
  const auto many = with_policy(numbers.flat_map("spread", spread), policy::dead_letter, 2,
                                "bad-spread", out.letters[in_map]);
  with_policy(many.process<pass_on>("pass", with), policy::dead_letter, 2, "bad-pass",
              out.letters[in_process])
      .to("out", weir::discard_sink());

  run_to_finish(env);

  CHECK(with->kills[in_process] == 2);
  CHECK(out.letters_of(in_map).empty());
  REQUIRE(out.letters_of(in_process).size() == 1);
  CHECK(out.letters_of(in_process).front().as<hit>()->value == bad);
}
