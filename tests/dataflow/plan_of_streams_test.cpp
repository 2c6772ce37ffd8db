// SPDX-License-Identifier: Apache-2.0
// Specifies that graphs written with the typed API are planned as meant: what templates fused fits
// the chains that the planner forms, and mistakes of the program come out as errors.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataflow/plan.hpp"
#include "weir/operators.hpp"
#include "weir/sinks.hpp"
#include "weir/sources.hpp"
#include "weir/stream.hpp"

namespace {

using namespace weir;

struct count_numbers : keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  value_state<std::uint64_t> seen{*this, "seen", 0};
  side_output<std::string> odd{*this, "odd"};
  void process(const std::uint64_t& number, context&, collector<std::uint64_t>& out) override {
    out.emit(number);
  }
};

/// Adds a source to a graph, as environment::from does.
template <class Source>
auto from(const std::shared_ptr<graph>& job, std::string name, Source source) {
  using record = typename Source::record_type;
  using head = detail::source_head<Source>;
  graph_node node;
  node.name = std::move(name);
  node.kind = node_kind::source;
  node.parallelism_max = source.parallelism_max();
  node.ports.push_back(detail::port_of<record>(""));
  const head begin{std::move(source), node.name};
  job->nodes.push_back(std::move(node));
  const auto index = static_cast<std::uint32_t>(job->nodes.size() - 1);
  return fused_stream<record, head, detail::identity_stage>(stream<record>(job, index), begin, {},
                                                            1);
}

auto numbers() {
  return generate([](std::uint64_t seq) { return seq; }).count(100);
}
std::uint64_t same(std::uint64_t number) {
  return number;
}

std::vector<std::size_t> unit_sizes(const planned_chain& chain) {
  std::vector<std::size_t> sizes;
  for (const auto& unit : chain.units) sizes.push_back(unit.nodes.size());
  return sizes;
}
using sizes = std::vector<std::size_t>;

TEST_CASE("a source and its stateless operators are one unit, fused with the key exchange") {
  auto job = std::make_shared<graph>();
  from(job, "numbers", numbers())
      .map("twice", [](std::uint64_t number) { return number * 2; })
      .filter("small", [](const std::uint64_t& number) { return number < 50; })
      .key_by(same)
      .process<count_numbers>("count")
      .map("again", [](std::uint64_t number) { return number; })
      .to("out", discard_sink());

  const auto made = make_plan(job, {.default_parallelism = 2});
  if (!made) FAIL(made.error().text());
  REQUIRE(made->chains.size() == 2);
  CHECK(made->chains[0].name == "numbers -> twice -> small");
  CHECK(unit_sizes(made->chains[0]) == sizes{3});
  CHECK(made->exchanges[0].fused);
  CHECK(made->chains[1].name == "count -> again -> out");
  CHECK(unit_sizes(made->chains[1]) == sizes{1, 2});
  REQUIRE(job->nodes[3].states.size() == 1);
  CHECK(job->nodes[3].states[0].name == "seen");
}

TEST_CASE("a source that is keyed at once fuses with the exchange, too") {
  auto job = std::make_shared<graph>();
  from(job, "numbers", numbers())
      .key_by(same)
      .process<count_numbers>("count")
      .to("out", discard_sink());
  const auto made = make_plan(job, {});
  if (!made) FAIL(made.error().text());
  CHECK(made->exchanges[0].fused);
}

TEST_CASE("two consumers of one stream keep their operators apart from its source") {
  auto job = std::make_shared<graph>();
  const auto all = from(job, "numbers", numbers());
  all.map("a", same).to("a out", discard_sink());
  all.key_by(same).process<count_numbers>("b").to("b out", discard_sink());
  const auto made = make_plan(job, {});
  if (!made) FAIL(made.error().text());
  REQUIRE(made->chains.size() == 3);
  CHECK(unit_sizes(made->chains[0]) == sizes{1});
  for (const auto& exchange : made->exchanges) CHECK_FALSE(exchange.fused);
}

TEST_CASE("a side output is an exchange of its own") {
  auto job = std::make_shared<graph>();
  auto counts = from(job, "numbers", numbers()).key_by(same).process<count_numbers>("count");
  counts.to("out", discard_sink());
  counts.side<std::string>("odd").to("odd out", discard_sink());
  const auto made = make_plan(job, {});
  if (!made) FAIL(made.error().text());
  REQUIRE(made->chains.size() == 3);
  CHECK(made->exchanges[1].from_port == 1);
}

TEST_CASE("a sink has a parallelism of its own, and then is a chain of its own") {
  auto job = std::make_shared<graph>();
  from(job, "numbers", numbers())
      .map("double", [](std::uint64_t n) { return 2 * n; })
      .to("out", discard_sink())
      .parallelism(1);

  const auto made = make_plan(job, {3});

  REQUIRE(made);
  REQUIRE(made->chains.size() == 2);
  CHECK(made->chains[0].parallelism == 3);
  CHECK(made->chains[1].parallelism == 1);
  CHECK(made->tasks.size() == 4);
}

TEST_CASE("a sink may be kept out of its input's chain, and 0 of them is an error") {
  auto job = std::make_shared<graph>();
  const auto source = from(job, "numbers", numbers());
  source.to("out", discard_sink()).disable_chaining();
  REQUIRE(make_plan(job, {1}));
  CHECK(make_plan(job, {1})->chains.size() == 2);

  source.to("none", discard_sink()).parallelism(0);
  const auto refused = make_plan(job, {1});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("'none'") != std::string::npos);
}

TEST_CASE("mistakes of a program are errors with the operators' names") {
  auto job = std::make_shared<graph>();
  auto all = from(job, "numbers", numbers());
  all.map("a", same).parallelism(0).to("out", discard_sink());
  all.forward().map("a", same).parallelism(2);
  const auto made = make_plan(job, {});
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message ==
        "operator 'a': 2 operators have this name\n"
        "operator 'a': parallelism is 0, expected 1 to 1024\n"
        "operator 'a': forward() needs the same parallelism on both sides, but 'numbers' has 1 and "
        "'a' has 2\n"
        "operator 'a': unconnected stream: nothing reads from it");
}

TEST_CASE("an operator with a poison policy is a loop of its own, also for handles from before") {
  const auto job = std::make_shared<graph>();
  const auto first = from(job, "numbers", numbers()).map("first", same);
  first.on_poison(poison::skip(1));
  first.map("second", same).map("third", same).to("out", discard_sink());

  const auto made = make_plan(job, {}).value();

  REQUIRE(made.chains.size() == 1);
  for (const auto& unit : made.chains.front().units) {
    const auto& nodes = unit.nodes;
    CHECK((nodes.size() == 1 || std::find(nodes.begin(), nodes.end(), 1u) == nodes.end()));
  }
}

TEST_CASE("the plan says which operators have a poison policy, and which") {
  const auto job = std::make_shared<graph>();
  const auto read = from(job, "numbers", numbers());
  read.map("a", same).on_poison(poison::skip(1)).to("x", discard_sink());
  read.map("b", same)
      .on_poison(poison::dead_letter("bad", discard_sink(), 3))
      .to("y", discard_sink());
  read.map("c", same).on_poison(poison::fail(2)).to("z", discard_sink());

  const auto text = describe(make_plan(job, {}).value());

  const std::string expected = R"(
Poison records
  a  skipped after 1 kill
  b  sent to dead letters after 3 kills
  c  the job fails after 2 kills
)";
  CHECK_MESSAGE(text.find(expected) != text.npos, text);
}

TEST_CASE("a poison policy in front of a key exchange is not lost to the fused loop") {
  const auto job = std::make_shared<graph>();
  const auto first = from(job, "numbers", numbers()).rebalance().map("first", same);
  const auto keyed = first.key_by([](std::uint64_t number) { return number; });
  first.on_poison(poison::skip(1));
  keyed.process<count_numbers>("count").to("out", discard_sink());

  const auto made = make_plan(job, {}).value();

  for (const auto& exchange : made.exchanges) CHECK(!exchange.fused);
}

}  // namespace
