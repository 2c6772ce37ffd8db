// SPDX-License-Identifier: Apache-2.0
// Specifies when a task counts as hanging (P20): by example, with looks at a real task_pulse.
#include "coordinator/hang_detector.hpp"

#include <doctest/doctest.h>

using namespace weir;

namespace {

constexpr std::uint32_t looks_max = 4;

struct watched {
  task_pulse pulse;
  hang_detector detector{1, looks_max};

  pulse_verdict look() { return detector.on_look(0, pulse.word()); }
  /// The verdict of the last of so many looks, none of which before it said that the task hangs.
  pulse_verdict look(std::uint32_t times) {
    for (; times > 1; --times) CHECK(look() != pulse_verdict::hangs);
    return look();
  }
};

}  // namespace

TEST_CASE("a task that stays inside one call hangs after the bound, and is slow after half of it") {
  watched task;
  task.pulse.enter();

  CHECK(task.look() == pulse_verdict::fine);
  CHECK(task.look() == pulse_verdict::fine);
  CHECK(task.look() == pulse_verdict::slow);
  CHECK(task.look() == pulse_verdict::fine);
  CHECK(task.look() == pulse_verdict::hangs);
  CHECK(task.look(100) == pulse_verdict::fine);
}

TEST_CASE("a task that holds no thread never hangs, however long it has nothing to do") {
  watched task;
  CHECK(task.look(100) == pulse_verdict::fine);

  task.pulse.enter();
  task.pulse.leave();

  CHECK(task.look(100) == pulse_verdict::fine);
}

TEST_CASE("a task that finishes batches, or comes back, does not hang") {
  watched task;
  task.pulse.enter();
  for (int batch = 0; batch < 10; ++batch) {
    REQUIRE(task.look(looks_max) != pulse_verdict::hangs);
    task.pulse.beat();
  }
  for (int stay = 0; stay < 10; ++stay) {
    REQUIRE(task.look(looks_max) != pulse_verdict::hangs);
    task.pulse.leave();
    task.pulse.enter();
  }
  CHECK(task.look(looks_max) != pulse_verdict::hangs);
  CHECK(task.look() == pulse_verdict::hangs);
}

TEST_CASE("a stay within a stay is one stay, and a pulse outside of one does not begin any") {
  task_pulse pulse;
  pulse.beat();
  CHECK_FALSE(pulse.inside());
  {
    const task_stay outer(pulse);
    const pulse_word before = pulse.word();
    CHECK(before.thread() == gettid());
    { const task_stay inner(pulse); }
    CHECK(pulse.word() == before);
  }
  CHECK_FALSE(pulse.inside());
}

TEST_CASE("tasks are judged apart") {
  hang_detector detector(2, 1);
  task_pulse hanging;
  task_pulse moving;
  hanging.enter();
  moving.enter();

  detector.on_look(0, hanging.word());
  detector.on_look(1, moving.word());
  moving.beat();

  CHECK(detector.on_look(1, moving.word()) == pulse_verdict::fine);
  CHECK(detector.on_look(0, hanging.word()) == pulse_verdict::hangs);
}
