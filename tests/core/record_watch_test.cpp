// SPDX-License-Identifier: Apache-2.0
// Specifies weir/core/record_watch.hpp by example: when an operator's loop has to ask for each record, and what it says in
// its breadcrumb.
#include "weir/core/record_watch.hpp"

#include <doctest/doctest.h>

namespace {

using namespace weir;

conviction convicted(record_identity identity) {
  return {identity, 1, "boom", 0, {1}};
}

}  // namespace

TEST_CASE("a watch without list and breadcrumb is not careful") {
  record_watch watch;
  CHECK(!watch.careful());
  watch.begin({4}, {}, nullptr, {});
  CHECK(!watch.careful());
  CHECK(watch.pause() == 0);
}

TEST_CASE("a listed record is known until a checkpoint behind its skip is complete") {
  record_watch watch;
  std::vector<record_identity> told;
  watch.begin({4}, {convicted(8), convicted(7)}, nullptr,
              [&](record_identity which) { told.push_back(which); });

  CHECK(watch.find(7) != nullptr);
  CHECK(watch.find(9) == nullptr);
  watch.on_snapshot({5});
  watch.skipped(7);
  watch.skipped(7);  // the same content once more
  CHECK(told == std::vector<record_identity>{7});
  watch.on_complete({5});
  CHECK(watch.find(7) != nullptr);  // its marker was ahead of the skip
  watch.on_snapshot({6});
  CHECK(watch.find(7) != nullptr);
  watch.on_complete({6});
  CHECK(watch.find(7) == nullptr);
  CHECK(watch.find(8) != nullptr);
  CHECK(watch.careful());
}

TEST_CASE("the breadcrumb is the record in process, until a checkpoint is complete") {
  record_watch watch;
  record_watch::breadcrumb crumb{0};
  watch.begin({4}, {}, &crumb, {});

  CHECK(watch.careful());
  watch.enter(7);
  CHECK(crumb == 7);
  const auto before = watch.pause();  // what it emitted is processed further down
  CHECK(crumb == 0);
  watch.enter(before);
  CHECK(crumb == 7);
  watch.leave();
  CHECK(crumb == 0);
  watch.on_complete({4});  // the commit of what was restored is repeated
  CHECK(watch.careful());
  watch.on_complete({5});
  CHECK(!watch.careful());
  watch.enter(7);
  CHECK(crumb == 0);
}
