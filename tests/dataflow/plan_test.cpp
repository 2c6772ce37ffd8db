// SPDX-License-Identifier: Apache-2.0
// Specifies the plan of a sound graph, by example: chains, units, exchanges, tasks, regions,
// fingerprint. Channels and random graphs: plan_channels_test.cpp; text: plan_text_test.cpp.
#include "dataflow/plan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/dataflow/graph_builder.hpp"

namespace {

using namespace weir;
using texts = std::vector<std::string>;

texts chain_names(const plan& physical) {
  texts names;
  for (const auto& chain : physical.chains) names.push_back(chain.name);
  return names;
}

/// lines -> split =key=> count -> out
struct word_count : graph_builder {
  std::uint32_t lines = source("lines");
  std::uint32_t split = operation("split", lines);
  std::uint32_t count = operation("count", split, partitioning::key);
  std::uint32_t out = sink("out", count);
};

TEST_CASE("operators of equal parallelism form a chain, a key exchange starts another") {
  const plan made = word_count().make({.default_parallelism = 2});
  CHECK(chain_names(made) == texts{"lines -> split", "count -> out"});

  CHECK(made.chains[0].has_source);
  CHECK(made.chains[0].inputs.empty());
  CHECK(made.chains[0].outputs == std::vector<std::uint32_t>{0});
  CHECK_FALSE(made.chains[0].has_sink);
  CHECK_FALSE(made.chains[1].has_source);
  CHECK(made.chains[1].has_sink);
  CHECK(made.chains[1].inputs == std::vector<std::uint32_t>{0});
  CHECK(made.chains[1].outputs.empty());

  REQUIRE(made.exchanges.size() == 1);
  CHECK(made.exchanges[0].from_chain == 0);
  CHECK(made.exchanges[0].to_chain == 1);
  CHECK(made.exchanges[0].from_node == 1);
  CHECK(made.exchanges[0].from_port == 0);
  CHECK(made.exchanges[0].to_node == 2);
  CHECK(made.exchanges[0].how == partitioning::key);
  CHECK_FALSE(made.exchanges[0].fused);
}

TEST_CASE("task ids are dense: chains in graph order, then subtasks") {
  word_count job;
  job.at(job.count).parallelism = 3;
  job.at(job.out).parallelism = 3;
  const plan made = job.make({.default_parallelism = 2});

  REQUIRE(made.tasks.size() == 5);
  for (std::uint32_t i = 0; i < 5; ++i) {
    CHECK(made.tasks[i].id.value == i);
    CHECK(made.tasks[i].chain == (i < 2 ? 0 : 1));
    CHECK(made.tasks[i].subtask == (i < 2 ? i : i - 2));
  }
  CHECK(made.chains[1].first_task.value == 2);
  CHECK(made.task_name({4}) == "count -> out/2");
}

TEST_CASE("a task is found by its chain's name and by the name of any operator in it") {
  const plan made = word_count().make({.default_parallelism = 2});
  CHECK(made.find_task("count -> out/1") == task_id{3});
  CHECK(made.find_task("count/1") == task_id{3});
  CHECK(made.find_task("lines/0") == task_id{0});

  for (const auto* name : {"", "/", "count", "count/", "count/2", "count/x", "count/1x", "count/-1",
                           "coun/1", "count/99999999999999999999", "/1"}) {
    CAPTURE(name);
    CHECK_FALSE(made.find_task(name).has_value());
  }
}

TEST_CASE("forward() chains, rebalance() and broadcast() do not") {
  for (const auto& [how, chains] :
       {std::pair{partitioning::forward, 1u}, std::pair{partitioning::rebalance, 2u},
        std::pair{partitioning::broadcast, 2u}}) {
    CAPTURE(to_string(how));
    graph_builder job;
    job.sink("out", job.source("numbers"), how);
    const plan made = job.make();
    CHECK(made.chains.size() == chains);
    if (chains == 2) CHECK(made.exchanges[0].how == how);
  }
}

TEST_CASE("without chaining, automatic becomes forward at equal parallelism and rebalance else") {
  graph_builder job;
  const auto numbers = job.source("numbers");
  const auto twice = job.operation("twice", numbers);
  job.at(twice).parallelism = 3;
  const auto out = job.sink("out", twice);
  job.at(out).parallelism = 3;

  const plan made = job.make({.default_parallelism = 2, .chaining = false});
  CHECK(chain_names(made) == texts{"numbers", "twice", "out"});
  REQUIRE(made.exchanges.size() == 2);
  CHECK(made.exchanges[0].how == partitioning::rebalance);
  CHECK(made.exchanges[1].how == partitioning::forward);
}

TEST_CASE(
    "disable_chaining() leaves an operator alone, start_new_chain() lets later ones join it") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.operation("b", a);
  const auto c = job.operation("c", b);
  job.sink("d", c);
  CHECK(chain_names(job.make()) == texts{"a -> b -> c -> d"});

  job.at(b).chain_with_input = false;
  CHECK(chain_names(job.make()) == texts{"a", "b -> c -> d"});

  job.at(b).chain_with_output = false;
  CHECK(chain_names(job.make()) == texts{"a", "b", "c -> d"});
}

TEST_CASE("a union starts a chain, and its inputs are numbered in the order of its edges") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.source("b");
  const auto both = job.operation("both", b);
  job.read(both, a);
  job.sink("out", both);

  const plan made = job.make();
  CHECK(chain_names(made) == texts{"a", "b", "both -> out"});
  REQUIRE(made.chains[2].inputs.size() == 2);
  CHECK(made.exchanges[made.chains[2].inputs[0]].from_chain == 1);
  CHECK(made.exchanges[made.chains[2].inputs[1]].from_chain == 0);
}

TEST_CASE("a stream joined with itself has two exchanges") {
  graph_builder job;
  const auto a = job.source("a");
  const auto out = job.sink("out", a);
  job.read(out, a);
  const plan made = job.make();
  CHECK(chain_names(made) == texts{"a", "out"});
  CHECK(made.exchanges.size() == 2);
}

TEST_CASE("nobody joins an operator whose main output has several consumers") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.operation("b", a);
  job.sink("c", b);
  job.sink("d", b);
  const plan made = job.make();
  CHECK(chain_names(made) == texts{"a -> b", "c", "d"});
  CHECK(made.chains[0].outputs == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("a side output leaves by an exchange from inside its chain") {
  graph_builder job;
  const auto check = job.operation("check", job.source("numbers"));
  job.sink("out", check);
  job.sink("dead", check, partitioning::automatic, job.side(check, "late"));

  const plan made = job.make();
  CHECK(chain_names(made) == texts{"numbers -> check -> out", "dead"});
  REQUIRE(made.exchanges.size() == 1);
  CHECK(made.exchanges[0].from_node == check);
  CHECK(made.exchanges[0].from_port == 1);
}

TEST_CASE("the largest fused unit that the chain holds is taken") {
  word_count job;
  job.fuse(job.split, 2, "lines+split");
  job.fuse(job.out, 2, "count+out");
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"lines+split"});
  CHECK(made.chains[0].units[0].nodes == std::vector<std::uint32_t>{0, 1});
  CHECK(marks_of(made.chains[1]) == texts{"count+out"});
}

TEST_CASE("of fused units that contain each other the longest is taken, beside single ones") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.operation("b", a);
  const auto c = job.operation("c", b);
  const auto d = job.operation("d", c);
  job.sink("e", d);
  job.fuse(b, 2, "ab");
  job.fuse(c, 3, "abc");
  CHECK(marks_of(job.make().chains[0]) == texts{"abc", "d", "e"});

  job.fuse(c, 2, "bc");
  CHECK(marks_of(job.make().chains[0]) == texts{"a", "bc", "d", "e"});
}

TEST_CASE("a fused unit is not taken when its chain lacks a node of it") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.operation("b", a);
  const auto c = job.sink("c", b);
  job.fuse(b, 2, "ab");
  job.fuse(c, 3, "abc");
  job.at(b).chain_with_input = false;
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"a"});
  CHECK(marks_of(made.chains[1]) == texts{"b", "c"});
}

TEST_CASE("a fused unit must not hide a side output that is read, unless its last node has it") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.operation("b", a);
  const auto c = job.operation("c", b);
  job.sink("out", c, partitioning::key);
  job.fuse(b, 2, "ab");
  job.fuse(c, 3, "abc");
  job.side(b, "unread");
  CHECK(marks_of(job.make().chains[0]) == texts{"abc"});

  job.sink("dead", b, partitioning::automatic, job.side(b, "late"));
  CHECK(marks_of(job.make().chains[0]) == texts{"ab", "c"});
}

TEST_CASE("the last unit fuses with the key exchange that is its only consumer") {
  word_count job;
  job.fuse(job.split, 2, "lines+split");
  job.fuse_tail(job.count, 2, "lines+split=>");
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"lines+split=>"});
  CHECK(made.exchanges[0].fused);
}

TEST_CASE("a source fuses with its key exchange although it has no fused unit of its own") {
  graph_builder job;
  const auto count = job.sink("count", job.source("numbers"), partitioning::key);
  job.fuse_tail(count, 1, "numbers=>");
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"numbers=>"});
  CHECK(made.exchanges[0].fused);
}

TEST_CASE("a key exchange stays apart when the last unit stands for other nodes than its tail") {
  word_count job;
  job.fuse(job.split, 2, "lines+split");
  job.fuse_tail(job.count, 2, "lines+split=>");
  job.at(job.split).chain_with_input = false;
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"lines"});
  CHECK(marks_of(made.chains[1]) == texts{"split"});
  for (const auto& exchange : made.exchanges) CHECK_FALSE(exchange.fused);

  word_count larger;
  larger.fuse(larger.split, 2, "lines+split");
  larger.fuse_tail(larger.count, 1, "split=>");
  CHECK(marks_of(larger.make().chains[0]) == texts{"lines+split"});
  CHECK_FALSE(larger.make().exchanges[0].fused);
}

TEST_CASE("only the key exchange is fused, not one that a side output leaves by") {
  word_count job;
  job.fuse(job.split, 2, "lines+split");
  job.fuse_tail(job.count, 2, "lines+split=>");
  job.sink("dead", job.split, partitioning::automatic, job.side(job.split, "late"));
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"lines+split=>"});
  REQUIRE(made.exchanges.size() == 2);
  CHECK(made.exchanges[0].fused);
  CHECK_FALSE(made.exchanges[1].fused);
}

TEST_CASE("a key exchange stays apart when it is not the only consumer") {
  word_count job;
  job.fuse(job.split, 2, "lines+split");
  job.fuse_tail(job.count, 2, "lines+split=>");
  job.sink("print", job.split);
  const plan made = job.make();
  CHECK(marks_of(made.chains[0]) == texts{"lines+split"});
  for (const auto& exchange : made.exchanges) CHECK_FALSE(exchange.fused);
}

TEST_CASE("regions are what exchanges connect, in either direction (P15)") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.source("b");
  const auto c = job.source("c");
  job.sink("b out", b);
  const auto both = job.sink("a and c", a);
  job.read(both, c);

  const plan made = job.make();
  CHECK(chain_names(made) == texts{"a", "b -> b out", "c", "a and c"});
  CHECK(made.region_count == 2);
  CHECK(made.chains[0].region.value == 0);
  CHECK(made.chains[1].region.value == 1);
  CHECK(made.chains[2].region.value == 0);
  CHECK(made.chains[3].region.value == 0);
}

TEST_CASE("the fingerprint is of names, edges and states, not of parallelism and settings") {
  const auto fingerprint = [](auto change, plan_options options = {}) {
    word_count job;
    job.at(job.count).states = {{"seen", "i64", true}};
    change(job);
    return job.make(options).fingerprint;
  };
  const auto base = fingerprint([](word_count&) {});

  CHECK(fingerprint([](word_count&) {}, {.default_parallelism = 7, .chaining = false}) == base);
  CHECK(fingerprint([](word_count& job) { job.at(0).what = "another file"; }) == base);

  CHECK(fingerprint([](word_count& job) { job.at(0).name = "text"; }) != base);
  CHECK(fingerprint([](word_count& job) { job.side(job.split, "late"); }) != base);
  CHECK(fingerprint([](word_count& job) { job.at(1).ports[0].record_schema = "i64"; }) != base);
  CHECK(fingerprint([](word_count& job) { job.at(2).states[0].name = "sean"; }) != base);
  CHECK(fingerprint([](word_count& job) { job.at(2).states[0].schema = "u64"; }) != base);
  CHECK(fingerprint([](word_count& job) { job.at(2).states[0].keyed = false; }) != base);
  CHECK(fingerprint([](word_count& job) { job.at(3).inputs[0].how = partitioning::forward; }) !=
        base);
  CHECK(fingerprint([](word_count& job) { job.sink("more", job.split); }) != base);
}

}  // namespace
