// SPDX-License-Identifier: Apache-2.0
// What the state handles mean. One operator with a handle of every keyed kind takes random
// operations, many for the same key within one batch, and emits what it reads after each; a plain
// struct a key is the model. The same comparison holds when the operator throws in the middle, and
// when the job is resumed at another parallelism.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/core/key_group.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;

/// Random operation number seq: on which key, what, and with which argument.
struct operation {
  std::uint64_t seq = 0;
  std::string key;
  std::uint32_t what = 0;
  std::int64_t argument = 0;
};
WEIR_RECORD(operation, seq, key, what, argument)

/// What all handles held after operation seq, folded into one number.
struct observed {
  std::uint64_t seq = 0;
  std::uint64_t digest = 0;
  auto operator<=>(const observed&) const = default;
};
WEIR_RECORD(observed, seq, digest)

constexpr std::uint32_t kinds_of_operation = 12;

/// Runs of operations on few keys, so that clearing and inserting again happens within one batch;
/// new keys all the time, so that tables grow.
operation make_operation(std::uint64_t seed, std::uint64_t seq) {
  const std::uint64_t dice = mix(seed, seq);
  const std::uint64_t key = dice % 3 == 0 ? seq / 4 : (dice >> 8) % (dice % 3 == 1 ? 8 : 700);
  return {seq, "key number " + std::to_string(key),
          static_cast<std::uint32_t>((dice >> 32) % kinds_of_operation),
          static_cast<std::int64_t>((dice >> 40) % 1000)};
}

struct keep_largest {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const { return std::max(a, b); }
};

struct mean_of {
  struct sums {
    std::int64_t sum = 0;
    std::int64_t count = 0;
  };
  sums create() const { return {}; }
  void add(sums& into, std::int64_t element) const {
    into.sum += element;
    ++into.count;
  }
  std::int64_t result(const sums& of) const {
    return of.count == 0 ? -1 : of.sum * 1000 / of.count;
  }
};
WEIR_RECORD(mean_of::sums, sum, count)

/// What there is to read of a key, from the handles or from the model.
std::uint64_t digest_of(std::optional<std::int64_t> value, const std::vector<std::string>& list,
                        const std::unordered_map<std::string, std::int64_t>& map,
                        std::optional<std::int64_t> largest, std::int64_t mean) {
  std::uint64_t digest = value ? mix(1, static_cast<std::uint64_t>(*value)) : 2;
  for (const auto& element : list) digest = mix(digest, std::hash<std::string>()(element));
  std::uint64_t entries = map.size();  // in any order
  for (const auto& [key, held] : map) {
    entries += mix(std::hash<std::string>()(key), static_cast<std::uint64_t>(held));
  }
  digest = mix(digest, entries);
  digest = mix(digest, largest ? static_cast<std::uint64_t>(*largest) : 12345);
  return mix(digest, static_cast<std::uint64_t>(mean));
}

std::string text_of(std::int64_t argument) {
  return std::to_string(argument) + (argument % 2 == 0 ? "" : " and more than fits a small string");
}

/// The handles' model: what one key holds.
struct model_of_key {
  std::optional<std::int64_t> value;
  std::vector<std::string> list;
  std::unordered_map<std::string, std::int64_t> map;
  std::optional<std::int64_t> largest;
  mean_of::sums mean;

  void apply(const operation& what) {
    const auto argument = what.argument;
    switch (what.what) {
      case 0:
        value = argument;
        break;
      case 1:
        value = value.value_or(0) + 1;
        break;
      case 2:
        value.reset();
        break;
      case 3:
        list.push_back(text_of(argument));
        break;
      case 4:
        list = {text_of(argument), "second"};
        break;
      case 5:
        list.clear();
        break;
      case 6:
        map[text_of(argument % 10)] = argument;
        break;
      case 7:
        map.erase(text_of(argument % 10));
        break;
      case 8:
        map.clear();
        break;
      case 9:
        largest = std::max(largest.value_or(argument), argument);
        break;
      case 10:
        largest.reset();
        break;
      default:
        argument % 4 == 0 ? void(mean = {}) : mean_of().add(mean, argument);
    }
  }
  std::uint64_t digest() const {
    return digest_of(value, list, map, largest, mean_of().result(mean));
  }
};

struct all_handles final : weir::keyed_process<std::string, operation, observed> {
  explicit all_handles(fuse bomb) : bomb_(std::move(bomb)) {}

  weir::value_state<std::int64_t> value{*this, "value", 0};
  weir::list_state<std::string> list{*this, "list"};
  weir::map_state<std::string, std::int64_t> map{*this, "map"};
  weir::reducing_state<std::int64_t, keep_largest> largest{*this, "largest"};
  weir::aggregating_state<std::int64_t, mean_of> mean{*this, "mean"};

  void process(const operation& what, context&, weir::collector<observed>& out) override {
    bomb_.step();
    apply(what);
    out.emit({what.seq, digest()});
  }

 private:
  void apply(const operation& what) {
    const auto argument = what.argument;
    switch (what.what) {
      case 0:
        value.update(argument);
        break;
      case 1:
        value.update(value.value() + 1);
        break;
      case 2:
        value.clear();
        break;
      case 3:
        list.add(text_of(argument));
        break;
      case 4:
        list.update({text_of(argument), "second"});
        break;
      case 5:
        list.clear();
        break;
      case 6:
        map.put(text_of(argument % 10), argument);
        break;
      case 7:
        map.remove(text_of(argument % 10));
        break;
      case 8:
        map.clear();
        break;
      case 9:
        largest.add(argument);
        break;
      case 10:
        largest.clear();
        break;
      default:
        argument % 4 == 0 ? mean.clear() : mean.add(argument);
    }
  }
  std::uint64_t digest() const {
    const auto* reduced = largest.get();
    return digest_of(value.has_value() ? std::optional(value.value()) : std::nullopt, list.get(),
                     map.entries(), reduced != nullptr ? std::optional(*reduced) : std::nullopt,
                     mean.get());
  }

  fuse bomb_;
};

std::vector<observed> model_output(std::uint64_t seed, std::uint64_t count) {
  std::map<std::string, model_of_key> keys;
  std::vector<observed> expected;
  for (std::uint64_t seq = 0; seq < count; ++seq) {
    const auto what = make_operation(seed, seq);
    auto& key = keys[what.key];
    key.apply(what);
    expected.push_back({seq, key.digest()});
  }
  return expected;
}

using outcome = std::shared_ptr<weir::collected<observed>>;

/// One source, so that the operations of a key stay in order.
void build(weir::environment& env, std::uint64_t seed, std::uint64_t count, const outcome& output,
           fuse bomb = fuse(), double rate = 0) {
  env.from("operations",
           weir::generate([seed](std::uint64_t seq) { return make_operation(seed, seq); })
               .count(count)
               .rate(rate))
      .parallelism(1)
      .key_by([](const operation& o) -> const std::string& { return o.key; })
      .process<all_handles>("state", bomb)
      .to("out", weir::collect_sink(output));
}

}  // namespace

TEST_CASE(
    "keyed handles hold what a model holds, whatever is cleared and inserted again within a "
    "batch") {
  const std::uint64_t seed = seed_of(1);
  MESSAGE("WEIR_TEST_SEED=" << seed);
  const auto expected = model_output(seed, 40'000);
  for (const std::uint32_t parallelism : {1u, 3u}) {
    CAPTURE(parallelism);
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", parallelism);
    env.set("execution.checkpointing.interval", "2 ms");
    const auto output = std::make_shared<weir::collected<observed>>();
    build(env, seed, 40'000, output);
    run_to_finish(env);
    CHECK((sorted(output->records()) == expected));
  }
}

TEST_CASE("keyed handles hold what a model holds when the operator throws between checkpoints") {
  const std::uint64_t seed = seed_of(2);
  MESSAGE("WEIR_TEST_SEED=" << seed);
  const auto expected = model_output(seed, 60'000);
  for (const std::int64_t calls : {1, 9000, 30'000, 59'999}) {
    CAPTURE(calls);
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", 2);
    env.set("execution.checkpointing.interval", "2 ms");
    const auto output = std::make_shared<weir::collected<observed>>();
    const fuse bomb(calls);
    build(env, seed, 60'000, output, bomb, 300'000);
    const auto report = run_to_finish(env);
    CHECK(report.restarts == 1);
    CHECK(bomb.is_burnt());
    CHECK((sorted(output->records()) == expected));
  }
}

TEST_CASE("keyed state follows its keys when a job is resumed at another parallelism") {
  const std::uint64_t seed = seed_of(3);
  MESSAGE("WEIR_TEST_SEED=" << seed);
  const auto expected = model_output(seed, 400'000);
  const weir::scratch_directory scratch;
  const auto output = std::make_shared<weir::collected<observed>>();
  for (const std::uint32_t parallelism : {2u, 5u, 1u}) {
    auto env = make_environment(scratch.path() / "state", parallelism);
    env.set("execution.checkpointing.interval", "2 ms");
    build(env, seed, 400'000, output, fuse(), 10'000);
    const auto report = cancel_after_checkpoints(start(env), 8);
    CHECK(report.state == weir::job_state::cancelled);
  }
  auto env = make_environment(scratch.path() / "state", 3);
  env.set("execution.checkpointing.interval", "2 ms");
  build(env, seed, 400'000, output);
  const auto report = run_to_finish(env);
  CHECK(report.restored_from);
  CHECK((sorted(output->records()) == expected));
}
