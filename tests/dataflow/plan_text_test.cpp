// SPDX-License-Identifier: Apache-2.0
// Specifies what `plan` prints: two whole examples, letter by letter.
#include <doctest/doctest.h>

#include <string>

#include "dataflow/plan.hpp"
#include "dataflow/text_table.hpp"
#include "tests/dataflow/graph_builder.hpp"

namespace {

using namespace weir;

struct word_count : graph_builder {
  word_count() {
    const auto lines = source("lines");
    at(lines).what = "file_lines(text.txt)";
    at(lines).guarantee = "exactly-once: resumes at byte offsets";
    const auto split = operation("split", lines);
    at(split).what = "flat_map";
    const auto count = operation("count", split, partitioning::key);
    at(count).what = "keyed process";
    at(count).states = {{"seen", "i64", true}, {"files", "list<string>", false}};
    fuse(split, 2, "lines+split");
    fuse_tail(count, 2, "lines+split=>");
    const auto out = sink("out", count);
    at(out).what = "file_sink(counts)";
    at(out).guarantee =
        "exactly-once: part files appear by rename when their checkpoint is complete";
  }
};

TEST_CASE("the plan of a word count") {
  CHECK(describe(word_count().make({.default_parallelism = 2})) ==
        R"(Job graph: 4 operators
  lines  file_lines(text.txt)
  split  flat_map              from lines
  count  keyed process         from split (key)
  out    file_sink(counts)     from count

Chains: 2, with 4 tasks in 1 region
  lines -> split  parallelism 2  tasks /0 to /1
  count -> out    parallelism 2  tasks /0 to /1

Exchanges: 1
  lines -> split =key=> count -> out  (2 x 2 channels, fused)

Guarantees at a crash
  source  lines  exactly-once: resumes at byte offsets
  sink    out    exactly-once: part files appear by rename when their checkpoint is complete

State
  count  seen   keyed  i64
  count  files  list   list<string>
)");
}

TEST_CASE("the plan of two regions, with a union and a side output, without state") {
  graph_builder job;
  const auto a = job.source("a");
  const auto b = job.source("b");
  job.at(b).parallelism = 1;
  const auto check = job.operation("check", a);
  job.read(check, b);
  job.sink("out", check);
  job.sink("dead", check, partitioning::broadcast, job.side(check, "late"));
  job.sink("lonely out", job.source("lonely"));
  job.at(5).parallelism = job.at(6).parallelism = 1;

  CHECK(describe(job.make({.default_parallelism = 3})) ==
        R"(Job graph: 7 operators
  a           test
  b           test
  check       test  from a, b
  out         test  from check
  dead        test  from check.late (broadcast)
  lonely      test
  lonely out  test  from lonely

Chains: 5, with 11 tasks in 2 regions
  a                     parallelism 3  tasks /0 to /2  region 0
  b                     parallelism 1  task /0         region 0
  check -> out          parallelism 3  tasks /0 to /2  region 0
  dead                  parallelism 3  tasks /0 to /2  region 0
  lonely -> lonely out  parallelism 1  task /0         region 1

Exchanges: 3
  a =forward=> check -> out                    (3 channels)
  b =rebalance=> check -> out                  (1 x 3 channels)
  check -> out [check.late] =broadcast=> dead  (3 x 3 channels)

Guarantees at a crash
  source  a           not stated
  source  b           not stated
  sink    out         not stated
  sink    dead        not stated
  source  lonely      not stated
  sink    lonely out  not stated
)");
}

TEST_CASE("columns align by characters, and nothing trails") {
  text_table table;
  CHECK(table.empty());
  CHECK(table.text().empty());

  table.add({"zähler", "x"});
  table.add({"n", "y", ""});
  table.add({"word"});
  CHECK(table.text() == "  zähler  x\n  n       y\n  word\n");
}

}  // namespace
