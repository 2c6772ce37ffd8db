// SPDX-License-Identifier: Apache-2.0
// Specifies that an ack passes only when task and store agree (P12): each single difference is
// refused with its place and both numbers.
#include "coordinator/ack_audit.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "tests/support/snapshots.hpp"

using weir::audit_ack;
using weir::task_ack;
using weir::testing::make_operator;
using weir::testing::make_state;

namespace {

/// Two operators; count.seen has two chunks, count.last none, join.left one.
task_ack sound_ack() {
  using weir::chunk_kind;
  task_ack ack;
  ack.declared = {
      {"count",
       "seen",
       {{chunk_kind::entries, {0, 9}, 3, 30, 0xa}, {chunk_kind::erased, {0, 9}, 1, 4, 0xb}}},
      {"count", "last", {}},
      {"join", "left", {{chunk_kind::elements, {5, 6}, 2, 20, 0xc}}}};
  ack.stored.operators = {
      make_operator("count", {make_state("seen", {{chunk_kind::entries, 1, {0, 9}, 3, 30, 0xa},
                                                  {chunk_kind::erased, 2, {0, 9}, 1, 4, 0xb}}),
                              make_state("last")}),
      make_operator("join", {make_state("left", {{chunk_kind::elements, 3, {5, 6}, 2, 20, 0xc}})})};
  return ack;
}

}  // namespace

TEST_CASE("an ack passes when both sides name the same states and chunks, in any order of states") {
  auto ack = sound_ack();
  CHECK(audit_ack(ack));
  std::swap(ack.declared[0], ack.declared[2]);
  CHECK(audit_ack(ack));
  CHECK(audit_ack(task_ack{}));
}

TEST_CASE(
    "each single difference between task and store is refused with its place and the numbers") {
  struct example {
    const char* part;  // of the message
    std::function<void(task_ack&)> damage;
  };
  const example examples[] = {
      {"state count.seen chunk 0: the task declares kind 0, the store holds 2",
       [](task_ack& a) {
         a.stored.operators[0].states[0].chunks[0].kind = weir::chunk_kind::elements;
       }},
      {"chunk 1: the task declares first key group 0, the store holds 1",
       [](task_ack& a) { a.stored.operators[0].states[0].chunks[1].groups.first = 1; }},
      {"last key group 9, the store holds 8",
       [](task_ack& a) { a.stored.operators[0].states[0].chunks[1].groups.last = 8; }},
      {"entries 7, the store holds 3", [](task_ack& a) { a.declared[0].chunks[0].entries = 7; }},
      {"bytes 30, the store holds 29",
       [](task_ack& a) { a.stored.operators[0].states[0].chunks[0].bytes = 29; }},
      {"state join.left chunk 0: the task declares checksum 12, the store holds 13",
       [](task_ack& a) { a.stored.operators[1].states[0].chunks[0].checksum = 13; }},
      {"state count.seen: the task declares 1 chunks, the store holds 2",
       [](task_ack& a) { a.declared[0].chunks.pop_back(); }},
      {"state count.seen: the task declares 2 chunks, the store holds 1",
       [](task_ack& a) { a.stored.operators[0].states[0].chunks.pop_back(); }},
      {"state count.last is declared with 0 chunks, but the store",
       [](task_ack& a) { a.stored.operators[0].states.pop_back(); }},
      {"state join.left is stored with 1 chunks, but the task",
       [](task_ack& a) { a.declared.pop_back(); }},
      {"state join.left is declared with 1 chunks",
       [](task_ack& a) { a.declared.push_back(a.declared.back()); }},
      {"state join.left is stored twice",
       [](task_ack& a) { a.stored.operators.push_back(a.stored.operators.back()); }},
      {"chunk 0: the task declares kind 0",
       [](task_ack& a) {
         std::swap(a.stored.operators[0].states[0].chunks[0],
                   a.stored.operators[0].states[0].chunks[1]);
       }},
  };
  for (const auto& [part, damage] : examples) {
    const std::string expected = part;
    CAPTURE(expected);
    auto ack = sound_ack();
    damage(ack);
    const auto audited = audit_ack(ack);
    REQUIRE_FALSE(audited);
    CAPTURE(audited.error().message);
    CHECK(audited.error().code == weir::error_code::corrupt);
    CHECK(audited.error().message.find(expected) != std::string::npos);
  }
}
