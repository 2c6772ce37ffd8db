// SPDX-License-Identifier: Apache-2.0
// Specifies that reserved numbers are handed out once each, in order, and that a refill is asked for in time (P5).
#include "coordinator/number_block.hpp"

#include <doctest/doctest.h>

#include "weir/core/ids.hpp"

namespace {

using namespace weir;
using epochs = number_block<epoch_id>;

TEST_CASE("numbers come in order, each once, and then no more (P5)") {
  epochs block({5}, 3);
  CHECK(block.take() == epoch_id{5});
  CHECK(block.take() == epoch_id{6});
  CHECK(block.take() == epoch_id{7});
  CHECK(!block.take());
  CHECK(!block.take());
}

TEST_CASE("a refill is asked for once, when few are left") {
  epochs block({1}, 10);
  CHECK(!block.wants_refill());
  block.take();
  CHECK(!block.wants_refill());
  block.take();
  CHECK(block.wants_refill());
  CHECK(!block.wants_refill());

  block.refill({11}, 3);
  CHECK(!block.wants_refill());
  for (int i = 0; i < 3; ++i) block.take();
  CHECK(block.wants_refill());
}

TEST_CASE("a refill that follows at once continues the block") {
  epochs block({1}, 2);
  block.take();
  block.refill({3}, 2);
  CHECK(block.take() == epoch_id{2});
  CHECK(block.take() == epoch_id{3});
  CHECK(block.take() == epoch_id{4});
  CHECK(!block.take());
}

TEST_CASE("a refill behind a gap skips what is left, so that numbers ascend") {
  epochs block({1}, 2);
  block.refill({10}, 1);
  CHECK(block.take() == epoch_id{10});
  CHECK(!block.take());
}

TEST_CASE("an empty block waits for its first numbers") {
  epochs block({1}, 0);
  CHECK(!block.take());
  CHECK(block.wants_refill());
  block.refill({1}, 1);
  CHECK(block.take() == epoch_id{1});
}

TEST_CASE("numbers that were reserved twice are a broken invariant (P5)") {
  epochs block({1}, 5);
  CHECK_THROWS_AS(block.refill({5}, 5), invariant_broken);
}

}  // namespace
