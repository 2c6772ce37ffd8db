// SPDX-License-Identifier: Apache-2.0
// Specifies what is wrong with a graph, by example: each fault alone in an otherwise sound graph,
// then many at once.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "dataflow/plan.hpp"
#include "tests/dataflow/graph_builder.hpp"

namespace {

using namespace weir;
using lines = std::vector<std::string>;

/// lines -> split -> out
struct three_nodes : graph_builder {
  std::uint32_t first = source("lines");
  std::uint32_t middle = operation("split", first);
  std::uint32_t last = sink("out", middle);
};

TEST_CASE("a sound graph has no errors") {
  CHECK(three_nodes().errors().empty());
}

TEST_CASE("a graph without operators is an error") {
  CHECK(graph_builder().errors() == lines{"the graph has no operators"});
}

TEST_CASE("a missing name is reported with the operator's place and kind") {
  three_nodes job;
  job.at(job.middle).name.clear();
  CHECK(job.errors() == lines{"operator #2 (test): has no name"});
}

TEST_CASE("a duplicate name is reported once, however often it is used") {
  three_nodes job;
  job.at(job.middle).name = "lines";
  job.at(job.last).name = "lines";
  CHECK(job.errors() == lines{"operator 'lines': 3 operators have this name"});
}

TEST_CASE("two operators without a name are not duplicates of each other") {
  three_nodes job;
  job.at(job.first).name.clear();
  job.at(job.middle).name.clear();
  CHECK(job.errors() ==
        lines{"operator #1 (test): has no name", "operator #2 (test): has no name"});
}

TEST_CASE("an edge from an operator that does not exist is reported, also at the largest number") {
  three_nodes job;
  job.read(job.last, 3);
  job.read(job.last, 0xffffffff);
  CHECK(job.errors() ==
        lines{"operator 'out': reads from operator #4, which does not exist",
              "operator 'out': reads from operator #4294967296, which does not exist"});
}

TEST_CASE("an edge from an output that does not exist is reported") {
  three_nodes job;
  job.read(job.last, job.first, partitioning::automatic, 7);
  CHECK(job.errors() == lines{"operator 'out': reads output 7 of 'lines', which has 1"});
}

TEST_CASE("a sink cannot be read from") {
  three_nodes job;
  job.sink("after", job.last);
  CHECK(job.errors() == lines{"operator 'after': reads output 0 of 'out', which has 0"});
}

TEST_CASE("an edge from a later operator is reported although it makes no cycle") {
  graph_builder job;
  job.sink("out", 1);
  job.source("numbers");
  CHECK(job.errors() == lines{"operator 'out': reads from 'numbers', which was added after it"});
}

TEST_CASE("a cycle is reported once, with the operators on it in the direction of the records") {
  graph_builder job;
  const auto numbers = job.source("numbers");
  const auto a = job.operation("a", numbers);
  const auto b = job.operation("b", a);
  const auto c = job.operation("c", b);
  job.read(a, c);
  job.sink("out", c);
  CHECK(job.errors() == lines{"operator 'a': is on a cycle: a -> b -> c -> a"});
}

TEST_CASE("an operator that reads its own output is a cycle") {
  three_nodes job;
  job.read(job.middle, job.middle);
  CHECK(job.errors() == lines{"operator 'split': is on a cycle: split -> split"});
}

TEST_CASE("cycles that share an operator are all reported") {
  graph_builder job;
  const auto numbers = job.source("numbers");
  const auto a = job.operation("a", numbers);
  const auto b = job.operation("b", a);
  const auto c = job.operation("c", a);
  job.read(a, b);
  job.read(a, c);
  job.sink("out", c);
  CHECK(job.errors() == lines{"operator 'a': is on a cycle: a -> b -> a",
                              "operator 'a': is on a cycle: a -> c -> a"});
}

TEST_CASE("cycles that share an edge are all reported") {
  graph_builder job;
  const auto numbers = job.source("numbers");
  const auto a = job.operation("a", numbers);
  const auto b = job.operation("b", a);
  const auto c = job.operation("c", b);
  job.read(a, b);
  job.read(a, c);
  job.sink("out", c);
  CHECK(job.errors() == lines{"operator 'a': is on a cycle: a -> b -> a",
                              "operator 'a': is on a cycle: a -> b -> c -> a"});
}

TEST_CASE("a cycle behind which nothing else is wrong does not accuse the operators after it") {
  graph_builder job;
  const auto a = job.operation("a", 1);
  const auto b = job.operation("b", a);
  job.sink("out", b);
  CHECK(job.errors() == lines{"operator 'a': is on a cycle: a -> b -> a"});
}

TEST_CASE("a source or an operation that nothing reads from is an unconnected stream") {
  graph_builder job;
  const auto numbers = job.source("numbers");
  job.operation("double", numbers);
  job.source("letters");
  CHECK(job.errors() == lines{"operator 'double': unconnected stream: nothing reads from it",
                              "operator 'letters': unconnected stream: nothing reads from it"});
}

TEST_CASE("an operation of which only a side output is read is connected") {
  graph_builder job;
  const auto check = job.operation("check", job.source("numbers"));
  job.sink("late", check, partitioning::automatic, job.side(check, "late"));
  CHECK(job.errors().empty());
}

TEST_CASE("a source that reads from something is reported") {
  graph_builder job;
  const auto numbers = job.source("numbers");
  const auto letters = job.source("letters");
  job.read(letters, numbers);
  job.sink("out", letters);
  CHECK(job.errors() == lines{"operator 'letters': a source has no input"});
}

TEST_CASE("a sink without input is reported") {
  three_nodes job;
  job.at(job.last).inputs.clear();
  CHECK(job.errors() == lines{"operator 'split': unconnected stream: nothing reads from it",
                              "operator 'out': reads from no stream"});
}

TEST_CASE("forward between different parallelism is reported with both numbers") {
  three_nodes job;
  job.at(job.last).inputs.front().how = partitioning::forward;
  job.at(job.middle).parallelism = 3;
  CHECK(job.errors({.default_parallelism = 2}) ==
        lines{"operator 'out': forward() needs the same parallelism on both sides, but 'split' has "
              "3 and 'out' has 2"});
  CHECK(job.errors({.default_parallelism = 3}).empty());
}

TEST_CASE("broadcast of records that cannot be copied is reported") {
  three_nodes job;
  job.at(job.last).inputs.front().how = partitioning::broadcast;
  CHECK(job.errors().empty());

  job.at(job.last).inputs.front().make_broadcast = nullptr;
  CHECK(job.errors() ==
        lines{"operator 'out': broadcast() from 'split': its records cannot be copied"});
}

TEST_CASE("several consumers of an output whose records cannot be copied are reported once") {
  three_nodes job;
  const auto late = job.side(job.middle, "late");
  job.sink("a", job.middle, partitioning::automatic, late);
  job.sink("b", job.middle, partitioning::automatic, late);
  job.sink("c", job.middle);
  CHECK(job.errors().empty());

  for (auto& port : job.at(job.middle).ports) port.make_tee = nullptr;
  CHECK(job.errors() == lines{"operator 'split': its output has 2 consumers, but its records "
                              "cannot be copied",
                              "operator 'split': its side output 'late' has 2 consumers, but its "
                              "records cannot be copied"});
}

TEST_CASE("parallelism has a range, 1 to 1024") {
  three_nodes job;
  job.at(job.middle).parallelism = 1024;
  CHECK(job.errors().empty());

  job.at(job.middle).parallelism = 1025;
  CHECK(job.errors() == lines{"operator 'split': parallelism is 1025, expected 1 to 1024"});
}

TEST_CASE("a wrong default is reported once for the job, not for each operator that takes it") {
  const three_nodes job;
  CHECK(job.errors({.default_parallelism = 0}) ==
        lines{"parallelism.default is 0, expected 1 to 1024"});
  CHECK(job.errors({.default_parallelism = 1025}) ==
        lines{"parallelism.default is 1025, expected 1 to 1024"});
}

TEST_CASE("a source that can do less than the job's default does what it can") {
  three_nodes job;
  job.at(job.first).parallelism_max = 1;
  CHECK(job.errors({.default_parallelism = 2}).empty());
}

TEST_CASE("parallelism above what the source can do is reported with both numbers") {
  three_nodes job;
  job.at(job.first).parallelism_max = 1;

  job.at(job.first).parallelism = 4;
  CHECK(job.errors() == lines{"operator 'lines': parallelism is 4, but test allows at most 1"});
}

TEST_CASE("a parallelism that the builder has refused is not reported again, nor its effects") {
  three_nodes job;
  job.at(job.middle).parallelism = 2000;
  job.at(job.middle).errors.push_back("parallelism is 2000, expected 1 to 1024");
  job.at(job.last).inputs.front().how = partitioning::forward;
  CHECK(job.errors() == lines{"operator 'split': parallelism is 2000, expected 1 to 1024"});
}

TEST_CASE("everything that is wrong comes at once, and make_plan gives all of it") {
  three_nodes job;
  job.whole().errors.push_back("the job has no name");
  job.at(job.first).errors.push_back("the operator's constructor threw: no");
  job.at(job.middle).name = "lines";
  job.at(job.last).parallelism = 5000;
  const auto found = job.errors({.default_parallelism = 0});
  CHECK(found == lines{"the job has no name", "parallelism.default is 0, expected 1 to 1024",
                       "operator 'lines': 2 operators have this name",
                       "operator 'lines': the operator's constructor threw: no",
                       "operator 'out': parallelism is 5000, expected 1 to 1024"});

  const auto refused = job.try_plan({.default_parallelism = 0});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::invalid_argument);
  std::string all;
  for (const auto& line : found) all += (all.empty() ? "" : "\n") + line;
  CHECK(refused.error().message == all);
}

}  // namespace
