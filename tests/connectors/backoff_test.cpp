// SPDX-License-Identifier: Apache-2.0
// Specifies the delays between attempts to reach a peer; pure, the random numbers are given.
#include "connectors/backoff.hpp"

#include <doctest/doctest.h>

#include "tests/connectors/temp_directory.hpp"

using namespace weir;
using std::chrono::milliseconds;

TEST_CASE("the delay doubles from 100 ms to 5 s") {
  backoff delays;
  for (const int expected : {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000}) {
    CHECK(delays.next(0) == milliseconds(expected));
  }
  CHECK(delays.attempts() == 9);
}

TEST_CASE("a success starts again with the shortest delay") {
  backoff delays(milliseconds(10), milliseconds(40));
  delays.next(0);
  delays.next(0);
  delays.reset();
  CHECK(delays.attempts() == 0);
  CHECK(delays.next(0) == milliseconds(10));
}

TEST_CASE("the random part is at most half of the delay") {
  auto random = test::seeded_random("backoff jitter");
  backoff delays;
  milliseconds step(100);
  for (int i = 0; i < 1000; ++i) {
    const milliseconds delay = delays.next(random());
    REQUIRE(delay >= step / 2);
    REQUIRE(delay <= step);
    step = std::min(step * 2, milliseconds(5000));
  }
}

TEST_CASE("bounds that make no sense are mended") {
  backoff zero(milliseconds(0), milliseconds(0));
  CHECK(zero.next(0) == milliseconds(1));
  backoff crossed(milliseconds(50), milliseconds(10));
  CHECK(crossed.next(0) == milliseconds(50));
  CHECK(crossed.next(0) == milliseconds(50));
}
