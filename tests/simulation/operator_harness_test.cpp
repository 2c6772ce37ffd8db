// SPDX-License-Identifier: Apache-2.0
// operator_harness: an operator alone, its state through bytes at every pause; and the three mistakes that
// check_operator finds.
#include <doctest/doctest.h>

#include <chrono>
#include <map>

#include "tests/simulation/simulated_jobs.hpp"

namespace weir::test {
namespace {

using weir::testing::check_operator;
using weir::testing::operator_harness;

const auto text_of = [](const word& one) -> const std::string& { return one.text; };

std::vector<word> many_words() {
  std::vector<word> words;
  for (std::uint64_t i = 0; i < 300; ++i) words.push_back({"w" + std::to_string(i * 7 % 60)});
  return words;
}

struct forgetful final : keyed_process<std::string, word, counted_word> {
  std::map<std::string, std::int64_t> seen;  // a plain member
  void process(const word& one, context&, collector<counted_word>& out) override {
    out.emit({one.text, ++seen[one.text]});
  }
};

/// What it emits depends on which batch a record came with.
struct batch_watcher final : process_function<item, item> {
  std::int64_t last_ms = -1;
  std::uint64_t in_batch = 0;
  void process(const item& one, context&, collector<item>& out) override {
    out.emit({one.number + in_batch++});
  }
};

/// A value whose codec forgets a field.
struct lossy {
  std::int64_t kept = 0;
  std::int64_t lost = 0;
};

struct keeps_time final : process_function<item, item> {
  void process(const item&, context& where, collector<item>& out) override {
    out.emit({static_cast<std::uint64_t>(where.time_ms())});
  }
};

struct keeps_lossy final : keyed_process<std::uint64_t, item, item> {
  value_state<lossy> all{*this, "all"};
  void process(const item& one, context&, collector<item>& out) override {
    const lossy before = all.value();
    all.update({before.kept + 1, before.lost + 1});
    out.emit({one.number + static_cast<std::uint64_t>(before.lost)});
  }
};

}  // namespace
}  // namespace weir::test

template <>
struct weir::codec<weir::test::lossy> {
  static constexpr bool fixed_size = false;
  static std::string schema() { return "lossy"; }
  static void encode(const weir::test::lossy& value, byte_writer& out) { out.scalar(value.kept); }
  static bool decode(byte_reader& in, weir::test::lossy& value) {
    value.kept = in.scalar<std::int64_t>();
    return !in.failed();
  }
};

namespace weir::test {

TEST_CASE("state goes through bytes into an operator that is constructed anew") {
  operator_harness<count_words> words(text_of);
  words.feed({{"weir"}, {"river"}, {"weir"}});
  const auto before = words.snapshot();
  CHECK(before.bytes() > 0);
  words.feed({{"weir"}});
  CHECK(words.take_output().back().count == 3);

  words.restore(before);
  words.feed({{"weir"}});
  const auto output = words.take_output();
  REQUIRE(output.size() == 1);
  CHECK(output[0].text == "weir");
  CHECK(output[0].count == 3);
}

TEST_CASE("what is fed while a snapshot is open does not belong to it") {
  operator_harness<count_words> words(text_of);
  words.feed(many_words());
  words.begin_snapshot();
  words.feed(many_words());
  const auto cut = words.finish_snapshot();
  words.take_output();
  words.restore(cut);
  words.feed({{"w0"}});
  CHECK(words.take_output().back().count == 6);  // 5 before the cut
}

TEST_CASE("snapshots after the first hold what changed, and restore with what they change") {
  operator_harness<count_words> words(text_of);
  words.feed(many_words());
  const auto full = words.snapshot();
  words.feed({{"w0"}});
  const auto delta = words.snapshot();
  REQUIRE(delta.keyed.at("seen").deltas == 1);
  CHECK(delta.bytes() > full.bytes());  // the chain: both
  CHECK(delta.bytes() < 2 * full.bytes());
  words.restore(delta);
  words.feed({{"w0"}, {"w1"}});
  const auto output = words.take_output();
  CHECK(output[output.size() - 2].count == 7);
  CHECK(output.back().count == 6);
}

TEST_CASE("side outputs and lists") {
  operator_harness<watch_sensors> sensors([](const reading& one) { return one.sensor; });
  sensors.watch_side<alarm>("alarms");
  std::vector<reading> ten;
  for (std::uint64_t i = 0; i < 10; ++i) ten.push_back({4, 1, i});
  sensors.feed(ten);
  sensors.restore(sensors.snapshot());
  sensors.feed(ten);
  const auto alarms = sensors.take_side<alarm>("alarms");
  REQUIRE(alarms.size() == 2);
  CHECK(alarms[1].readings == 20);
  CHECK_THROWS_AS(sensors.watch_side<alarm>("alarm"), task_error);

  operator_harness<check_order> sums;
  sums.feed({{1}, {2}, {3}});
  sums.restore(sums.snapshot());
  CHECK(sums.snapshot().bytes() == 8);
}

TEST_CASE("time is the test's") {
  operator_harness<keeps_time> times;
  times.advance_time(std::chrono::seconds(5));
  times.feed({{0}});
  times.advance_time(std::chrono::seconds(2));
  times.feed({{0}});
  const auto output = times.take_output();
  REQUIRE(output.size() == 2);
  CHECK(output[0].number == 5000);
  CHECK(output[1].number == 7000);
}

TEST_CASE("correct operators pass: one record and full batches, restored at each pause") {
  CHECK(check_operator<count_words>(many_words(), text_of) == "");
  std::vector<item> items;
  for (std::uint64_t i = 0; i < 400; ++i) items.push_back({i * 31 % 257});
  CHECK(check_operator<bundle_items>(items, [](const item& one) { return one.number % 8; }) == "");
  CHECK(check_operator<check_order>(items) == "");
}

TEST_CASE("state in a plain member is found") {
  const auto found = check_operator<forgetful>(many_words(), text_of);
  CHECK_MESSAGE(found.find("restored before each") != std::string::npos, found);
}

TEST_CASE("a codec that forgets a field is found") {
  std::vector<item> items(40);
  const auto found = check_operator<keeps_lossy>(items, [](const item& one) { return one.number; });
  CHECK_MESSAGE(found.find("differs from the undisturbed run") != std::string::npos, found);
}

TEST_CASE("an operator that counts within its lifetime only is found") {
  std::vector<item> items(40);
  CHECK(check_operator<batch_watcher>(items) != "");
}

}  // namespace weir::test
