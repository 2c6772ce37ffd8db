// SPDX-License-Identifier: Apache-2.0
// How the pause benchmark sorts gaps into checkpoints and the time between them, by hand-made notes.
#include "bench/pause_gaps.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace {

using namespace weir::bench;

void set(task_notes& notes, std::vector<std::int64_t> times,
         std::vector<checkpoint_window> windows) {
  notes.size = times.size();
  notes.times = std::move(times);
  notes.windows = std::move(windows);
}

TEST_CASE("a task that noted nothing, or once, has no gaps") {
  pause_gaps gaps(10);
  task_notes notes;
  gaps.add(notes);
  set(notes, {5}, {{{1}, 1, 5, 9}});

  gaps.add(notes);

  CHECK(gaps.all.size() == 0);
  CHECK(gaps.longest_us.empty());
}

TEST_CASE("gaps that touch a checkpoint are inside, the others outside") {
  task_notes notes;
  set(notes, {0, 10, 30, 60, 100, 150}, {{{1}, 35, 40, 50}});
  pause_gaps gaps(10);

  gaps.add(notes);

  CHECK(gaps.all.size() == 5);
  CHECK(gaps.inside.size() == 1);
  CHECK(gaps.inside.percentile(100) == 30);  // from 30 to 60
  CHECK(gaps.outside.percentile(100) == 50);
}

TEST_CASE(
    "gaps that begin before the tables are drained are draining, the rest of the window is not") {
  task_notes notes;
  set(notes, {0, 10, 30, 60, 100, 170}, {{{1}, 15, 30, 120}});
  pause_gaps gaps(10);

  gaps.add(notes);

  CHECK(gaps.inside.size() == 4);
  CHECK(gaps.draining.size() == 2);
  CHECK(gaps.draining.percentile(100) == 30);  // from 30 to 60
}

TEST_CASE("each checkpoint has a longest gap of its own, and one that was not completed lasts on") {
  task_notes notes;
  set(notes, {0, 1000, 3000, 4000, 9000, 10000}, {{{1}, 1500, 2000, 3500}, {{2}, 8000, 8500, 0}});
  pause_gaps gaps(10);

  gaps.add(notes);

  REQUIRE(gaps.longest_us.size() == 2);
  CHECK(gaps.longest_us[0] == doctest::Approx(2));
  CHECK(gaps.longest_us[1] == doctest::Approx(5));
}

TEST_CASE("checkpoints before the first note and after the last do not count") {
  task_notes notes;
  set(notes, {100, 200}, {{{1}, 1, 20, 50}, {{2}, 300, 350, 400}});
  pause_gaps gaps(10);

  gaps.add(notes);

  CHECK(gaps.outside.size() == 1);
  CHECK(gaps.longest_us.empty());
}

TEST_CASE("notes beyond the room for them are dropped") {
  task_notes notes;
  notes.times.assign(2, 0);

  for (int i = 0; i < 3; ++i) notes.note();

  CHECK(notes.size == 2);
  CHECK(notes.times[0] <= notes.times[1]);
}

}  // namespace
