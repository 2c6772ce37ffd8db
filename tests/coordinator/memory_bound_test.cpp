// SPDX-License-Identifier: Apache-2.0
// Specifies when a process that outgrows its memory has its job failed, when it is ended, and what the message says.
#include "coordinator/memory_bound.hpp"

#include <doctest/doctest.h>

using namespace weir;

namespace {
constexpr std::uint64_t mb = 1 << 20;
}

TEST_CASE("the job is failed at the first look above the bound, once") {
  memory_bound bound(64 * mb, 3);

  CHECK(bound.on_look(64 * mb) == memory_verdict::fine);
  CHECK(bound.on_look(64 * mb + 1) == memory_verdict::fail);
  CHECK(bound.on_look(10 * mb) == memory_verdict::fine);
  CHECK(bound.on_look(70 * mb) == memory_verdict::fine);
}

TEST_CASE("a failed job that does not give its memory back ends the process, once") {
  memory_bound bound(64 * mb, 3);
  REQUIRE(bound.on_look(70 * mb) == memory_verdict::fail);
  CHECK(bound.on_look(70 * mb) == memory_verdict::fine);
  CHECK(bound.on_look(70 * mb) == memory_verdict::fine);
  CHECK(bound.on_look(60 * mb) == memory_verdict::fine);  // it does: counted anew
  CHECK(bound.on_look(70 * mb) == memory_verdict::fine);
  CHECK(bound.on_look(70 * mb) == memory_verdict::fine);

  CHECK(bound.on_look(70 * mb) == memory_verdict::end);
  CHECK(bound.on_look(70 * mb) == memory_verdict::fine);
}

TEST_CASE("memory that grows on after the job was failed ends the process at a quarter more") {
  memory_bound bound(64 * mb, 1000);
  REQUIRE(bound.on_look(200 * mb) == memory_verdict::fail);
  CHECK(bound.on_look(80 * mb) == memory_verdict::fine);
  CHECK(bound.on_look(80 * mb + 1) == memory_verdict::end);
}

TEST_CASE("the message names the largest states, added up over their tasks, and not all of them") {
  const memory_bound bound(64 * mb, 3);
  const std::vector<state_size> sizes{{"count", "seen", 10 * mb, 1000},
                                      {"join", "left", 25 * mb, 7},
                                      {"count", "seen", 20 * mb, 500},
                                      {"join", "right", 1 * mb, 8},
                                      {"last", "tiny", 10, 1}};

  const std::string text = bound.describe(71 * mb + mb / 2, sizes);

  CHECK(
      text ==
      "memory.process.size = 64 mb is exceeded: the process holds 71.5 mb; largest states: "
      "count/seen 30.0 mb in 1500 entries of 2 tasks, join/left 25.0 mb in 7 entries of 1 task, "
      "join/right 1.0 mb in 8 entries of 1 task (without what keys and values own outside of their "
      "slots)");
  CHECK(bound.describe(70 * mb, {}) ==
        "memory.process.size = 64 mb is exceeded: the process holds 70.0 mb; no task has keyed "
        "state");
}
