// SPDX-License-Identifier: Apache-2.0
// What the recovery benchmark takes for the first record after a failure and for catching up, by
// calls in the order in which a job makes them.
#include "bench/failure_watch.hpp"

#include <doctest/doctest.h>

namespace {

using weir::bench::failure_watch;

TEST_CASE("it fails once, at the first record that is late enough") {
  failure_watch watch(100);

  CHECK_FALSE(watch.should_fail(99));
  CHECK(watch.should_fail(100));
  CHECK_FALSE(watch.should_fail(100));
  CHECK_FALSE(watch.should_fail(101));
}

TEST_CASE("catching up means that every sink has passed the count that it had") {
  failure_watch watch(100);
  watch.on_record(0, 1, 10);
  watch.on_record(1, 1, 20);
  REQUIRE(watch.should_fail(100));
  watch.on_record(1, 1, 25);  // still in flight, of the old attempt
  CHECK_FALSE(watch.result(2).complete);

  watch.on_record(0, 2, 6);  // from 5
  watch.on_record(1, 2, 16);
  for (unsigned count = 7; count <= 11; ++count) watch.on_record(0, 2, count);
  watch.on_record(1, 2, 20);
  CHECK_FALSE(watch.result(2).complete);
  watch.on_record(1, 2, 21);

  const auto found = watch.result(2);
  CHECK(found.complete);
  CHECK(found.replayed == 5 + 5);
  CHECK(found.first_ms <= found.all_first_ms);
  CHECK(found.all_first_ms <= found.passed_ms);
}

TEST_CASE("a job that has not failed is not complete") {
  failure_watch watch(100);
  watch.on_record(0, 1, 10);
  CHECK_FALSE(watch.result(1).complete);
}

}  // namespace
