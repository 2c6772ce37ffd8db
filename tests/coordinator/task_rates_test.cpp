// SPDX-License-Identifier: Apache-2.0
// Specifies the rates that follow from looks at a task, by example.
#include "coordinator/task_rates.hpp"

#include <doctest/doctest.h>

namespace {

using namespace weir;
using namespace std::chrono_literals;

/// A task that has been busy for a quarter and back-pressured for a quarter of its life, with this many records.
task_reading at(std::chrono::milliseconds lived, std::uint64_t records, std::uint64_t attempt = 1) {
  task_reading made;
  made.attempt = {attempt};
  made.records_read = records * 2;
  made.records_written = records * 3;
  made.records_in = records;
  made.bytes_in = records * 8;
  made.records_out = records * 2;
  made.bytes_out = records * 16;
  made.batches_out = records * 3;
  made.busy = lived / 4;
  made.back_pressured = lived / 4;
  made.idle = lived - made.busy - made.back_pressured;
  return made;
}

double seen(task_rates& rates, task_reading now) {
  rates.on_look(now);
  CHECK(now.busy_ms_per_second + now.idle_ms_per_second + now.back_pressured_ms_per_second ==
        doctest::Approx(1000));
  CHECK(now.records_read_per_second == doctest::Approx(2 * now.records_in_per_second));
  CHECK(now.records_written_per_second == doctest::Approx(3 * now.records_in_per_second));
  CHECK(now.bytes_in_per_second == doctest::Approx(8 * now.records_in_per_second));
  CHECK(now.records_out_per_second == doctest::Approx(2 * now.records_in_per_second));
  CHECK(now.bytes_out_per_second == doctest::Approx(16 * now.records_in_per_second));
  CHECK(now.batches_out_per_second == doctest::Approx(3 * now.records_in_per_second));
  return now.records_in_per_second;
}

TEST_CASE("before there are two looks a second apart, rates are those since the attempt began") {
  task_rates rates;
  CHECK(seen(rates, at(2s, 1000)) == doctest::Approx(500));
  CHECK(seen(rates, at(2500ms, 2000)) == doctest::Approx(800));
}

TEST_CASE("then they are those since a look that was at least a second ago") {
  task_rates rates;
  seen(rates, at(2s, 1000));
  CHECK(seen(rates, at(3s, 1500)) == doctest::Approx(500));
  CHECK(seen(rates, at(3500ms, 1500)) == doctest::Approx(500 / 1.5));  // since the look at 2 s
  CHECK(seen(rates, at(4s, 1500)) == doctest::Approx(0));              // since the one at 3 s
}

TEST_CASE("a new attempt begins anew") {
  task_rates rates;
  seen(rates, at(2s, 1000));
  seen(rates, at(3s, 2000));
  CHECK(seen(rates, at(500ms, 100, 2)) == doctest::Approx(200));
}

TEST_CASE("a task that has not lived yet has no rates") {
  task_rates rates;
  task_reading now;
  rates.on_look(now);
  CHECK(now.records_in_per_second == 0);
  CHECK(now.idle_ms_per_second == 0);
}

}  // namespace
