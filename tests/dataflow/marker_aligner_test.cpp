// SPDX-License-Identifier: Apache-2.0
// Specifies when a task takes its snapshot (P6), and what a marker or an abort out of turn does (P7), by example: channels
// are a, b, c in the order of their numbers.
#include "dataflow/marker_aligner.hpp"

#include <doctest/doctest.h>

#include "weir/core/check.hpp"

namespace {

using namespace weir;

constexpr std::uint32_t a = 0, b = 1, c = 2;
constexpr epoch_id first{1}, second{2}, third{3};

bool nothing(const marker_aligner::outcome& what) {
  return !what.aligned && !what.abandoned && !what.late;
}

TEST_CASE("a marker on one of two channels blocks only that channel, the last one aligns (P6)") {
  marker_aligner aligner(2, alignment::exactly_once);

  CHECK(nothing(aligner.on_marker(a, first)));
  CHECK(aligner.blocked(a));
  CHECK(!aligner.blocked(b));
  CHECK(aligner.aligning() == first);
  CHECK(aligner.delivered() == 1);

  const auto done = aligner.on_marker(b, first);
  CHECK(done.aligned == first);
  CHECK(!aligner.blocked(a));
  CHECK(!aligner.blocked(b));
  CHECK(!aligner.aligning());
}

TEST_CASE("a task with one channel is aligned by each marker") {
  marker_aligner aligner(1, alignment::exactly_once);
  CHECK(aligner.on_marker(a, first).aligned == first);
  CHECK(aligner.on_marker(a, third).aligned == third);
}

TEST_CASE("at-least-once aligns at the same marker and blocks nothing (P6)") {
  marker_aligner aligner(2, alignment::at_least_once);
  CHECK(nothing(aligner.on_marker(a, first)));
  CHECK(!aligner.blocked(a));
  CHECK(aligner.on_marker(b, first).aligned == first);
}

TEST_CASE("an ended channel counts as having delivered every later marker (P6)") {
  marker_aligner aligner(3, alignment::exactly_once);
  CHECK(nothing(aligner.on_end(c)));
  CHECK(nothing(aligner.on_marker(a, first)));
  CHECK(aligner.on_marker(b, first).aligned == first);

  SUBCASE("and its end may be what an alignment waits for") {
    CHECK(nothing(aligner.on_marker(a, second)));
    CHECK(aligner.on_end(b).aligned == second);
    CHECK(!aligner.blocked(a));
    CHECK(!aligner.all_ended());
    CHECK(nothing(aligner.on_end(a)));
    CHECK(aligner.all_ended());
  }
}

TEST_CASE("with at-least-once a channel may end after its marker and before the others'") {
  marker_aligner aligner(2, alignment::at_least_once);
  CHECK(nothing(aligner.on_marker(a, first)));
  CHECK(nothing(aligner.on_end(a)));
  CHECK(aligner.on_marker(b, first).aligned == first);
}

TEST_CASE("with at-least-once the end of the last channel aligns what another has brought") {
  marker_aligner aligner(2, alignment::at_least_once);
  CHECK(nothing(aligner.on_marker(a, first)));
  CHECK(nothing(aligner.on_end(a)));
  CHECK(aligner.on_end(b).aligned == first);
  CHECK(aligner.all_ended());
}

TEST_CASE("a newer marker on a channel that has not brought the older one gives it up (P7)") {
  marker_aligner aligner(2, alignment::exactly_once);
  CHECK(nothing(aligner.on_marker(a, first)));

  const auto newer = aligner.on_marker(b, second);
  CHECK(newer.abandoned == first);
  CHECK(!newer.aligned);
  CHECK(!aligner.blocked(a));
  CHECK(aligner.blocked(b));

  CHECK(aligner.on_marker(a, second).aligned == second);
}

TEST_CASE("a newer marker may give up one epoch and align the next at once") {
  marker_aligner aligner(2, alignment::exactly_once);
  CHECK(nothing(aligner.on_marker(a, first)));
  const auto newer = aligner.on_marker(b, second);
  REQUIRE(newer.abandoned == first);
  CHECK(aligner.on_end(a).aligned == second);
}

TEST_CASE("an abort unblocks, and later markers of the epoch are late (P7)") {
  marker_aligner aligner(2, alignment::exactly_once);
  CHECK(nothing(aligner.on_marker(a, first)));

  CHECK(aligner.on_abort(first));
  CHECK(!aligner.blocked(a));
  CHECK(!aligner.aligning());

  CHECK(aligner.on_marker(b, first).late);
  CHECK(!aligner.blocked(b));
  CHECK(nothing(aligner.on_marker(b, second)));
  CHECK(aligner.on_marker(a, second).aligned == second);
}

TEST_CASE("an abort that comes before all markers makes them late (P7)") {
  marker_aligner aligner(2, alignment::exactly_once);
  CHECK(!aligner.on_abort(first));
  CHECK(aligner.on_marker(a, first).late);
  CHECK(!aligner.blocked(a));
}

TEST_CASE("an abort of another epoch than the one in alignment changes nothing (P7)") {
  marker_aligner aligner(2, alignment::exactly_once);
  CHECK(nothing(aligner.on_marker(a, second)));
  CHECK(!aligner.on_abort(first));
  CHECK(aligner.blocked(a));
  CHECK(aligner.on_marker(b, second).aligned == second);
}

TEST_CASE("a marker below the epoch in alignment is late") {
  marker_aligner aligner(2, alignment::at_least_once);
  CHECK(nothing(aligner.on_marker(a, second)));
  CHECK(aligner.on_marker(b, first).late);
  CHECK(aligner.on_marker(b, second).aligned == second);
}

TEST_CASE("markers that do not ascend, and anything after an end, are broken invariants") {
  marker_aligner aligner(2, alignment::exactly_once);
  aligner.on_marker(a, first);
  aligner.on_marker(b, first);
  CHECK_THROWS_AS(aligner.on_marker(a, first), invariant_broken);
  aligner.on_end(a);
  CHECK_THROWS_AS(aligner.on_marker(a, second), invariant_broken);
  CHECK_THROWS_AS(aligner.on_end(a), invariant_broken);
}

TEST_CASE("an end cannot pass its channel's marker") {
  marker_aligner aligner(2, alignment::exactly_once);
  aligner.on_marker(a, first);
  CHECK_THROWS_AS(aligner.on_end(a), invariant_broken);
}

}  // namespace
