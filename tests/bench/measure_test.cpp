// SPDX-License-Identifier: Apache-2.0
// Specified here: the summaries that benchmarks print. Method: small examples with known answers.
#include "bench/measure.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "bench/json_line.hpp"
#include "bench/latency_samples.hpp"

using namespace weir::bench;

TEST_CASE("a spread is median, minimum and maximum in any order of the values") {
  CHECK(spread_of({}).median == 0);
  CHECK(spread_of({3}).median == 3);
  const spread odd = spread_of({9, 1, 5});
  CHECK(odd.median == 5);
  CHECK(odd.min == 1);
  CHECK(odd.max == 9);
  CHECK(spread_of({4, 1, 3, 2}).median == 2.5);
}

TEST_CASE("the CPU share is of all threads") {
  CHECK(run_cost{2, 4}.cpu_share(2) == 1);
  CHECK(run_cost{2, 3}.cpu_share(2) == 0.75);
  CHECK(run_cost{0, 0}.cpu_share(1) == 0);
}

TEST_CASE("a stopwatch sees the CPU time that is spent") {
  const stopwatch watch;
  volatile unsigned spent = 0;
  while (watch.elapsed().cpu_s < 0.01) spent = spent + 1;
  CHECK(watch.elapsed().wall_s > 0);
}

TEST_CASE("the memory of the process grows by the pages it touches") {
  const memory_use before = process_memory();
  std::vector<char> touched(32 << 20, 'x');
  const memory_use after = process_memory();
  CHECK(after.anon_bytes >= before.anon_bytes + touched.size() / 2);
  CHECK(after.resident_bytes >= after.anon_bytes);
}

TEST_CASE("percentiles are exact, by nearest rank") {
  latency_samples samples(1000);
  for (std::uint64_t i = 1000; i >= 1; --i) samples.add(i);
  CHECK(samples.percentile(0) == 1);
  CHECK(samples.percentile(50) == 500);
  CHECK(samples.percentile(99) == 990);
  CHECK(samples.percentile(99.9) == 999);
  CHECK(samples.percentile(99.99) == 1000);
  CHECK(samples.percentile(100) == 1000);
}

TEST_CASE("samples beyond the capacity are counted, and clear forgets all") {
  latency_samples samples(2);
  CHECK(samples.percentile(50) == 0);
  for (std::uint64_t i = 1; i <= 5; ++i) samples.add(i);
  CHECK(samples.size() == 2);
  CHECK(samples.dropped() == 3);
  CHECK(samples.percentile(100) == 2);

  samples.clear();

  CHECK(samples.size() == 0);
  CHECK(samples.dropped() == 0);
}

TEST_CASE("merged samples are those of both") {
  latency_samples one(1);
  latency_samples other(4);
  one.add(5);
  for (const std::uint64_t nanos : {1, 9, 7}) other.add(nanos);

  one.merge(other);

  CHECK(one.size() == 4);
  CHECK(one.percentile(50) == 5);
  CHECK(one.percentile(100) == 9);
}

TEST_CASE("a JSON line has numbers, text with escapes, booleans and nulls") {
  json_line line;
  CHECK(line.text() == "{}");
  line.field("a", 1.5).field("b", std::uint64_t{18446744073709551615u}).field("c", "x\"\\\n");
  line.field("d", true).null("e").field("f", std::numeric_limits<double>::infinity());
  line.field("g", 3u).field("h", std::string("s"));
  CHECK(line.text() ==
        R"({"a": 1.5, "b": 18446744073709551615, "c": "x\"\\\u000a", "d": true, "e": null, )"
        R"("f": null, "g": 3, "h": "s"})");
}
