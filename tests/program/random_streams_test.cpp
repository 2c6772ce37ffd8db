// SPDX-License-Identifier: Apache-2.0
// Random pipelines: operators, partitionings, parallelisms and chain breaks drawn from a seed give
// the same multiset as the same steps over a vector. A seed that fails becomes a case of its own
// here.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;
using numbers = std::vector<std::uint64_t>;

std::uint64_t key_of(const std::uint64_t& n) {
  return n % 31;
}

/// Emits the key together with how often it came: the same multiset for any order of arrival.
struct number_by_key final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<std::uint64_t> seen{*this, "seen", 0};
  void process(const std::uint64_t&, context& where, weir::collector<std::uint64_t>& out) override {
    seen.update(seen.value() + 1);
    out.emit(mix(where.key(), seen.value()));
  }
};

/// A stream, and what it should bring.
struct pair_of_worlds {
  weir::stream<std::uint64_t> stream;
  numbers expected;
};

class random_pipeline {
 public:
  random_pipeline(weir::environment& env, std::uint64_t seed) : env_(env), random_(seed) {}

  pair_of_worlds build() {
    pair_of_worlds at = source();
    const auto steps = below(7);
    for (std::uint64_t i = 0; i < steps; ++i) at = step(std::move(at));
    return at;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  std::string name(const char* what) { return std::string(what) + " " + std::to_string(++names_); }

  pair_of_worlds source() {
    const std::uint64_t records = below(4) == 0 ? below(3) : below(6000);
    const std::uint64_t salt = random_();
    const auto f = [salt](std::uint64_t seq) { return mix(salt, seq); };
    numbers expected;
    for (std::uint64_t seq = 0; seq < records; ++seq) expected.push_back(f(seq));
    return {vary(env_.from(name("source"), weir::generate(f).count(records))), expected};
  }

  /// A parallelism, a chain break and a partitioning for what comes next.
  weir::stream<std::uint64_t> vary(weir::stream<std::uint64_t> made) {
    if (below(3) == 0) made.parallelism(static_cast<std::uint32_t>(1 + below(4)));
    if (below(6) == 0) made.disable_chaining();
    if (below(6) == 0) made.start_new_chain();
    return below(3) == 0 ? made.rebalance() : made;
  }

  pair_of_worlds step(pair_of_worlds at) {
    switch (below(6)) {
      case 0:
        return mapped(std::move(at));
      case 1:
        return filtered(std::move(at));
      case 2:
        return doubled(std::move(at));
      case 3:
        return keyed(std::move(at));
      case 4:
        return joined(std::move(at));
      default:
        return fused(std::move(at));
    }
  }
  pair_of_worlds mapped(pair_of_worlds at) {
    const std::uint64_t salt = random_();
    for (auto& n : at.expected) n = mix(n, salt);
    return {vary(at.stream.map(name("map"), [salt](std::uint64_t n) { return mix(n, salt); })),
            at.expected};
  }
  pair_of_worlds filtered(pair_of_worlds at) {
    const std::uint64_t part = 2 + below(4);
    std::erase_if(at.expected, [part](std::uint64_t n) { return n % part == 0; });
    return {vary(at.stream.filter(name("filter"),
                                  [part](const std::uint64_t& n) { return n % part != 0; })),
            at.expected};
  }
  pair_of_worlds doubled(pair_of_worlds at) {
    const auto f = [](std::uint64_t n, weir::collector<std::uint64_t>& out) {
      for (std::uint64_t i = 0; i < n % 4; ++i) out.emit(mix(n, i));
    };
    numbers expected;
    for (const auto n : at.expected) {
      for (std::uint64_t i = 0; i < n % 4; ++i) expected.push_back(mix(n, i));
    }
    return {vary(at.stream.flat_map(name("flat_map"), f)), expected};
  }
  pair_of_worlds keyed(pair_of_worlds at) {
    std::map<std::uint64_t, std::uint64_t> seen;
    for (auto& n : at.expected) {
      const auto key = key_of(n);
      n = mix(key, ++seen[key]);
    }
    return {vary(at.stream.key_by(key_of).process<number_by_key>(name("count"))), at.expected};
  }
  pair_of_worlds joined(pair_of_worlds at) {
    auto other = below(2) == 0 ? at : source();
    at.expected.insert(at.expected.end(), other.expected.begin(), other.expected.end());
    const auto both = at.stream.union_with(other.stream);
    return {vary(both.map(name("both"), [](std::uint64_t n) { return n; })), at.expected};
  }
  /// Several steps of which the compiler makes one loop.
  pair_of_worlds fused(pair_of_worlds at) {
    const std::uint64_t salt = random_();
    std::map<std::uint64_t, std::uint64_t> seen;
    numbers expected;
    for (const auto n : at.expected) {
      const auto next = mix(n, salt);
      if (next % 3 != 0) expected.push_back(mix(key_of(next), ++seen[key_of(next)]));
    }
    return {vary(at.stream.map(name("map"), [salt](std::uint64_t n) { return mix(n, salt); })
                     .filter(name("filter"), [](const std::uint64_t& n) { return n % 3 != 0; })
                     .key_by(key_of)
                     .process<number_by_key>(name("count"))),
            expected};
  }

  weir::environment& env_;
  std::mt19937_64 random_;
  int names_ = 0;
};

void run_random_pipeline(std::uint64_t seed) {
  CAPTURE(seed);
  const weir::scratch_directory scratch;
  std::mt19937_64 random(seed);
  auto env =
      make_environment(scratch.path() / "state", static_cast<std::uint32_t>(1 + random() % 4));
  env.set("pipeline.operator-chaining.enabled", random() % 4 == 0 ? "false" : "true");
  if (random() % 2 == 0) env.set("execution.checkpointing.interval", "1 ms");
  auto worlds = random_pipeline(env, seed).build();
  auto output = std::make_shared<weir::collected<std::uint64_t>>();
  worlds.stream.to("out", weir::collect_sink(output));
  run_to_finish(env);
  CHECK(output->size() == worlds.expected.size());
  CHECK((sorted(output->records()) == sorted(worlds.expected)));
}

}  // namespace

TEST_CASE("random pipelines give what the same steps over a vector give") {
  const std::uint64_t seed = seed_of(20);
  MESSAGE("WEIR_TEST_SEED=" << seed);
  for (std::uint64_t i = 0; i < 150; ++i) run_random_pipeline(seed + i);
}
