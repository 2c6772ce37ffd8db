// SPDX-License-Identifier: Apache-2.0
// Specifies coordinator/poison_ledger.hpp by example: a record counts once an attempt, is convicted by its operator's rule,
// is listed until a checkpoint lies behind its skip, and again when the job goes back behind that.
#include "coordinator/poison_ledger.hpp"

#include <doctest/doctest.h>

namespace {

using namespace weir;
using verdict = poison_ledger::verdict;

constexpr poison_rule skip_after_3{poison_rule::action::skip, 3, 0};
constexpr poison_rule skip_at_once{poison_rule::action::skip, 1, 0};

verdict kill(poison_ledger& ledger, record_identity which, std::uint64_t attempt,
             poison_rule rule = skip_after_3, const std::string& uid = "parse") {
  return ledger.on_kill({uid, which, 1'000 + static_cast<std::int64_t>(attempt)}, {attempt},
                        "boom " + std::to_string(attempt), rule);
}

std::size_t listed(const poison_ledger& ledger, poison_rule rule = skip_at_once,
                   const std::string& uid = "parse") {
  return ledger.convictions(uid, rule).size();
}

}  // namespace

TEST_CASE("a record is convicted when it has killed as often as the rule says") {
  poison_ledger ledger;

  CHECK(kill(ledger, 7, 1) == verdict::again);
  CHECK(kill(ledger, 7, 2) == verdict::again);
  CHECK(listed(ledger, skip_after_3) == 0);
  CHECK(kill(ledger, 7, 3) == verdict::convicted);

  const auto found = ledger.convictions("parse", skip_after_3);
  REQUIRE(found.size() == 1);
  CHECK(found[0].identity == 7);
  CHECK(found[0].kills == 3);
  CHECK(found[0].error == "boom 3");
  CHECK(found[0].time_ms == 1'003);
  CHECK(found[0].attempt == attempt_id{3});
}

TEST_CASE("records and operators are counted apart, and an attempt counts once") {
  poison_ledger ledger;

  kill(ledger, 7, 1);
  kill(ledger, 7, 1);
  kill(ledger, 8, 1);
  kill(ledger, 7, 1, skip_after_3, "count");

  CHECK(ledger.kills("parse", 7) == 1);
  CHECK(ledger.kills("parse", 8) == 1);
  CHECK(ledger.kills("count", 7) == 1);
  CHECK(ledger.kills("count", 8) == 0);
}

TEST_CASE("one breadcrumb is a suspicion, two are kills, and so is one beside an exception") {
  const auto crumb = [](poison_ledger& ledger, record_identity which, std::uint64_t attempt) {
    const record_kill kill{"parse", which, 0, record_kill::evidence::breadcrumb};
    return ledger.on_kill(kill, {attempt}, "died", skip_at_once);
  };
  poison_ledger ledger;

  CHECK(crumb(ledger, 7, 1) == verdict::again);
  CHECK(ledger.kills("parse", 7) == 0);
  CHECK(crumb(ledger, 7, 1) == verdict::again);  // the same, read twice
  CHECK(listed(ledger) == 0);
  CHECK(crumb(ledger, 7, 2) == verdict::convicted);
  CHECK(ledger.kills("parse", 7) == 2);

  CHECK(crumb(ledger, 8, 1) == verdict::again);
  CHECK(kill(ledger, 8, 2) == verdict::again);
  CHECK(ledger.kills("parse", 8) == 2);
}

TEST_CASE("fail ends the job in place of a conviction") {
  poison_ledger ledger;
  const poison_rule fail{poison_rule::action::fail, 2, 0};

  CHECK(kill(ledger, 7, 1, fail) == verdict::again);
  CHECK(kill(ledger, 7, 2, fail) == verdict::fails_job);
  CHECK(ledger.convictions("parse", fail).empty());
}

TEST_CASE("a record is listed until a checkpoint that was begun after its skip is acked") {
  poison_ledger ledger;
  kill(ledger, 7, 1, skip_at_once);

  CHECK(!ledger.on_sealed({1}));  // it has not come yet
  CHECK(listed(ledger) == 1);
  ledger.on_skipped("parse", 7, {2});  // when 2 had been triggered: its marker may be ahead
  CHECK(!ledger.on_sealed({2}));
  CHECK(listed(ledger) == 1);
  CHECK(ledger.on_sealed({3}));
  CHECK(listed(ledger) == 0);
  CHECK(!ledger.on_sealed({4}));
}

TEST_CASE("a skip that a rollback undoes does not count") {
  poison_ledger ledger;
  kill(ledger, 7, 1, skip_at_once);
  ledger.on_skipped("parse", 7, {2});

  ledger.on_restore("parse", {2});

  CHECK(!ledger.on_sealed({3}));
  CHECK(listed(ledger) == 1);
}

TEST_CASE("a job that goes back behind a skip lists the record again, one that does not does not") {
  poison_ledger ledger;
  kill(ledger, 7, 1, skip_at_once);
  kill(ledger, 7, 1, skip_at_once, "count");
  ledger.on_skipped("parse", 7, {2});
  ledger.on_sealed({3});

  CHECK(!ledger.on_restore("parse", {3}));
  CHECK(listed(ledger) == 0);
  CHECK(ledger.on_restore("parse", {2}));
  CHECK(listed(ledger) == 1);
}

TEST_CASE("a record that kills again after it was passed is convicted at once") {
  poison_ledger ledger;
  for (std::uint64_t attempt = 1; attempt <= 3; ++attempt) kill(ledger, 7, attempt);
  ledger.on_skipped("parse", 7, {0});
  ledger.on_sealed({1});

  CHECK(kill(ledger, 7, 4) == verdict::convicted);
  CHECK(listed(ledger, skip_after_3) == 1);
}

TEST_CASE("all that is known comes back from bytes; other bytes give an empty ledger") {
  poison_ledger ledger;
  for (std::uint64_t attempt = 1; attempt <= 3; ++attempt) kill(ledger, 7, attempt);
  kill(ledger, 8, 4);
  kill(ledger, 9, 5, skip_at_once);
  ledger.on_skipped("parse", 9, {4});
  ledger.on_sealed({5});
  const auto bytes = ledger.encode();

  auto again = poison_ledger::decode(bytes);

  CHECK(again.encode() == bytes);
  CHECK(again.kills("parse", 8) == 1);
  CHECK(listed(again, skip_after_3) == 1);
  CHECK(kill(again, 8, 4) == verdict::again);
  CHECK(again.kills("parse", 8) == 1);  // the same attempt
  CHECK(poison_ledger().encode().empty());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(poison_ledger::decode(std::span(bytes).first(size)).encode().empty());
  }
}

TEST_CASE("the longest ago gives way, but no conviction that may come again") {
  poison_ledger ledger;
  const auto most = poison_ledger::records_max;
  for (std::uint64_t i = 1; i <= most; ++i) kill(ledger, i, i);
  CHECK(kill(ledger, most + 1, most + 1) == verdict::again);
  CHECK(ledger.kills("parse", 1) == 0);
  CHECK(ledger.kills("parse", 2) == 1);

  poison_ledger full;
  for (std::uint64_t i = 1; i <= most; ++i) kill(full, i, i, skip_at_once);
  CHECK(kill(full, most + 1, most + 1, skip_at_once) == verdict::full);
  full.on_skipped("parse", 5, {1});
  full.on_sealed({2});
  CHECK(kill(full, most + 1, most + 1, skip_at_once) == verdict::convicted);
  CHECK(full.kills("parse", 5) == 0);
  CHECK(listed(full) == most);
}
