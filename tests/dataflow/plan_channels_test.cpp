// SPDX-License-Identifier: Apache-2.0
// Specifies how channels are numbered, by example, and the invariants of plans, on random graphs:
// both ends of every channel agree, units cover every node once, regions share no exchange.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "dataflow/graph_index.hpp"
#include "dataflow/plan.hpp"
#include "tests/dataflow/graph_builder.hpp"
#include "weir/core/check.hpp"

namespace {

using namespace weir;

/// a (2) and b (3), joined by out (2): a forward, b to all.
struct two_sources : graph_builder {
  two_sources() {
    const auto a = source("a");
    const auto b = source("b");
    const auto out = sink("out", a);
    read(out, b, partitioning::rebalance);
    at(a).parallelism = at(out).parallelism = 2;
    at(b).parallelism = 3;
  }
};

TEST_CASE("input channels are numbered over exchanges, then senders") {
  const plan made = two_sources().make();
  const auto channels = input_channels(made, {6});  // out/1

  REQUIRE(channels.size() == 4);
  CHECK(channels[0].peer == task_id{1});  // a/1, straight ahead
  CHECK(channels[0].peer_channel == 0);
  CHECK(channels[0].exchange == 0);
  for (std::uint32_t i = 1; i < 4; ++i) {
    CHECK(channels[i].peer == task_id{1 + i});  // b/0 .. b/2
    CHECK(channels[i].peer_channel == 1);
    CHECK(channels[i].exchange == 1);
  }
}

TEST_CASE("output channels are numbered by receivers, and know the channel's number there") {
  const plan made = two_sources().make();

  const auto straight = output_channels(made, {1}, 0);  // a/1
  REQUIRE(straight.size() == 1);
  CHECK(straight[0].peer == task_id{6});
  CHECK(straight[0].peer_channel == 0);

  const auto all = output_channels(made, {4}, 1);  // b/2
  REQUIRE(all.size() == 2);
  CHECK(all[0].peer == task_id{5});
  CHECK(all[1].peer == task_id{6});
  CHECK(all[0].peer_channel == 3);
  CHECK(all[1].peer_channel == 3);
}

TEST_CASE("a source has no input channels") {
  CHECK(input_channels(two_sources().make(), {0}).empty());
}

TEST_CASE("an exchange that does not leave the task is a broken invariant") {
  const plan made = two_sources().make();
  CHECK_THROWS_AS(output_channels(made, {0}, 1), invariant_broken);
  CHECK_THROWS_AS(output_channels(made, {0}, 2), invariant_broken);
  CHECK_THROWS_AS(input_channels(made, {7}), invariant_broken);
}

/// A sound graph of up to 20 operators, all kinds of edges, side outputs and fused units.
class random_graph : public graph_builder {
 public:
  explicit random_graph(std::uint64_t seed) : random_(seed) {
    const auto nodes = 2 + pick(18);
    for (std::uint32_t i = 0; i < nodes; ++i) add_node(i);
    const graph_index index(whole());
    for (std::uint32_t i = 0; i < nodes; ++i) {
      if (!index.is_read(i) || pick(8) == 0) end_in_sink(i);
    }
    for (auto& node : whole().nodes) {
      if (pick(8) == 0) node.chain_with_input = false;
      if (pick(16) == 0) node.chain_with_output = false;
    }
  }
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

 private:
  void add_node(std::uint32_t i) {
    const std::string name = "n" + std::to_string(i);
    if (i == 0 || pick(8) == 0) {
      source(name);
      at(i).parallelism = pick(2) == 0 ? 0 : 1 + pick(3);
    } else {
      // Mostly long chains: one input, from the node before, of the same parallelism.
      operation(name, pick(4) == 0 ? pick(i) : i - 1);
      for (auto more = pick(6) == 0 ? 2 : 0; more > 0; --more) read(i, pick(i));
      at(i).parallelism = pick(6) == 0 ? 1 + pick(3) : at(i - 1).parallelism;
      for (auto& edge : at(i).inputs) partition(edge, i);
      if (pick(2) == 0) fuse(i, 1 + pick(4), name);
      if (pick(2) == 0) fuse_tail(i, 1 + pick(3), name);
    }
    if (pick(3) == 0) side(i, "late");
  }
  void partition(graph_edge& edge, std::uint32_t to) {
    if (pick(4) == 0) edge.port = pick(static_cast<std::uint32_t>(at(edge.from).ports.size()));
    if (pick(3) == 0) edge.how = static_cast<partitioning>(pick(5));
    const bool equal = at(edge.from).parallelism == at(to).parallelism;
    if (edge.how == partitioning::forward && !equal) edge.how = partitioning::key;
  }
  void end_in_sink(std::uint32_t node) {
    const auto end = sink("end of " + at(node).name, node);
    at(end).parallelism = at(node).parallelism;
    if (pick(2) == 0) fuse(end, 1 + pick(4), "end");
  }

  std::mt19937_64 random_;
};

void check_channels(const plan& made) {
  for (const auto& task : made.tasks) {
    const auto inputs = input_channels(made, task.id);
    for (std::uint32_t i = 0; i < inputs.size(); ++i) {
      const auto back = output_channels(made, inputs[i].peer, inputs[i].exchange);
      REQUIRE(inputs[i].peer_channel < back.size());
      const auto& same = back[inputs[i].peer_channel];
      REQUIRE(same.peer == task.id);
      REQUIRE(same.peer_channel == i);
      REQUIRE(same.exchange == inputs[i].exchange);
    }
    for (const auto exchange : made.chain_of(task.id).outputs) {
      const auto outputs = output_channels(made, task.id, exchange);
      for (std::uint32_t i = 0; i < outputs.size(); ++i) {
        const auto back = input_channels(made, outputs[i].peer);
        REQUIRE(outputs[i].peer_channel < back.size());
        const auto& same = back[outputs[i].peer_channel];
        REQUIRE(same.peer == task.id);
        REQUIRE(same.peer_channel == i);
        REQUIRE(same.exchange == exchange);
      }
    }
  }
}

void check_units(const plan& made) {
  std::vector<std::uint32_t> used(made.logical->nodes.size(), 0);
  for (const auto& chain : made.chains) {
    std::uint32_t last = 0;
    for (const auto& unit : chain.units) {
      REQUIRE_FALSE(unit.nodes.empty());
      for (const auto node : unit.nodes) {
        ++used[node];
        REQUIRE(node >= last);
        last = node;
      }
    }
  }
  for (const auto count : used) REQUIRE(count == 1);
}

/// Whether an exchange's records come out of the unit that holds its node: only the last node of a
/// unit shows its ports.
void check_exchanges(const plan& made) {
  for (const auto& exchange : made.exchanges) {
    const auto& from = made.chains[exchange.from_chain];
    bool found = false;
    for (const auto& unit : from.units) found |= unit.nodes.back() == exchange.from_node;
    REQUIRE(found);
    REQUIRE(exchange.how != partitioning::automatic);
    REQUIRE(made.chains[exchange.to_chain].units.front().nodes.front() == exchange.to_node);
    REQUIRE(from.region == made.chains[exchange.to_chain].region);
    REQUIRE(from.region.value < made.region_count);
    if (exchange.fused) REQUIRE(exchange.how == partitioning::key);
  }
}

/// What the random graphs came to, so that the test cannot pass without having tried it.
struct seen_units {
  std::uint64_t fused = 0;  ///< units of several nodes
  std::uint64_t tails = 0;  ///< exchanges fused with their sender
  std::uint64_t inner = 0;  ///< exchanges that leave from inside a chain

  void add(const plan& made) {
    for (const auto& chain : made.chains) {
      for (const auto& unit : chain.units) fused += unit.nodes.size() > 1;
    }
    for (const auto& exchange : made.exchanges) {
      tails += exchange.fused;
      const auto& units = made.chains[exchange.from_chain].units;
      inner += exchange.from_node != units.back().nodes.back();
    }
  }
};

TEST_CASE("plans of random graphs keep their invariants") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t first =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  const std::uint64_t rounds = given != nullptr ? 1 : 500;
  seen_units seen;
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    INFO("WEIR_TEST_SEED=", seed);
    random_graph job(seed);
    const auto made =
        job.try_plan({.default_parallelism = 1 + job.pick(3), .chaining = job.pick(4) != 0});
    if (!made) FAIL(made.error().text());
    seen.add(*made);
    check_channels(*made);
    check_units(*made);
    check_exchanges(*made);
    REQUIRE_FALSE(describe(*made).empty());
  }
  if (given != nullptr) return;
  CHECK(seen.fused > 0);
  CHECK(seen.tails > 0);
  CHECK(seen.inner > 0);
}

}  // namespace
