// SPDX-License-Identifier: Apache-2.0
// What the operators of stream<T> mean: whatever the parallelism and the chaining, a job gives the
// same records, as a multiset, as a plain loop. Each case compares whole jobs with such a loop.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;
using numbers = std::vector<std::uint64_t>;

std::uint64_t itself(std::uint64_t seq) {
  return seq;
}

/// Everything that `build(env)`, a stream, brings.
template <class Build>
auto output_of(Build build, std::uint32_t parallelism, bool chaining = true) {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", parallelism);
  env.set("pipeline.operator-chaining.enabled", chaining ? "true" : "false");
  const auto stream = build(env);
  using record = typename decltype(stream)::record_type;
  auto output = std::make_shared<weir::collected<record>>();
  stream.to("out", weir::collect_sink(output));
  run_to_finish(env);
  return sorted(output->records());
}

/// Compares at several parallelisms, with chaining and without.
template <class Build, class T>
void check_everywhere(Build build, std::vector<T> expected) {
  expected = sorted(std::move(expected));
  for (const std::uint32_t parallelism : {1u, 2u, 3u, 5u}) {
    for (const bool chaining : {true, false}) {
      CAPTURE(parallelism);
      CAPTURE(chaining);
      const auto output = output_of(build, parallelism, chaining);
      CHECK(output.size() == expected.size());
      CHECK((output == expected));
    }
  }
}

void emit_divisors(std::uint64_t n, weir::collector<std::uint64_t>& out) {
  for (std::uint64_t d = 1; d <= 4; ++d) {
    if (n % d == 0) out.emit(n / d);
  }
}

/// Even numbers go on, odd ones and multiples of ten to the side.
struct split_numbers final : weir::process_function<std::uint64_t, std::uint64_t> {
  weir::side_output<std::string> odd{*this, "odd"};
  weir::side_output<std::uint64_t> tens{*this, "tens"};

  void process(const std::uint64_t& n, context& where,
               weir::collector<std::uint64_t>& out) override {
    if (n % 10 == 0) tens.emit(n);
    if (n % 2 == 0) {
      out.emit(n);
    } else {
      where.emit(odd, "an odd number, which is " + std::to_string(n));
    }
  }
  void on_end(weir::collector<std::uint64_t>& out) override { out.emit(1'000'000); }
};

/// Which subtask saw a record.
struct sighting {
  std::uint32_t subtask = 0;
  std::uint64_t number = 0;
  auto operator<=>(const sighting&) const = default;
};
WEIR_RECORD(sighting, subtask, number)

struct see final : weir::process_function<std::uint64_t, sighting> {
  void process(const std::uint64_t& n, context& where, weir::collector<sighting>& out) override {
    out.emit({where.subtask().index, n});
  }
};

struct total {
  std::string word;
  std::uint64_t count = 0;
  auto operator<=>(const total&) const = default;
};
WEIR_RECORD(total, word, count)

struct count_words final : weir::keyed_process<std::string, std::string, total> {
  weir::value_state<std::uint64_t> seen{*this, "seen", 0};
  void process(const std::string& word, context& where, weir::collector<total>& out) override {
    seen.update(seen.value() + 1);
    out.emit({where.key(), seen.value()});
    if (where.key() != word) throw std::logic_error("another record's key");
  }
};

/// Long enough to live on the heap, and some short ones.
std::string word_of(std::uint64_t seq) {
  const std::uint64_t which = seq * 2654435761u % 97;
  return which % 3 == 0 ? "w" + std::to_string(which)
                        : "a word that is too long for a small string " + std::to_string(which);
}

std::vector<total> word_counts(std::uint64_t records) {
  std::map<std::string, std::uint64_t> counts;
  std::vector<total> all;
  for (std::uint64_t seq = 0; seq < records; ++seq) {
    const std::string word = word_of(seq);
    all.push_back({word, ++counts[word]});
  }
  return all;
}

struct page {
  std::uint64_t number = 0;
  std::array<std::uint64_t, 256> cells{};
  std::string text;
  auto operator<=>(const page&) const = default;
};
WEIR_RECORD(page, number, cells, text)

page page_of(std::uint64_t seq) {
  page made{seq, {}, std::string(2048, static_cast<char>('a' + seq % 26))};
  for (std::size_t i = 0; i < made.cells.size(); ++i) made.cells[i] = seq * i;
  return made;
}

}  // namespace

TEST_CASE("map, filter and flat_map give what a plain loop gives, for any number of records") {
  for (const std::uint64_t records : {0u, 1u, 1023u, 5000u}) {
    CAPTURE(records);
    numbers expected;
    for (std::uint64_t n = 0; n < records; ++n) {
      if ((n * 3 + 1) % 4 == 0) continue;
      for (std::uint64_t d = 1; d <= 4; ++d) {
        if ((n * 3 + 1) % d == 0) expected.push_back((n * 3 + 1) / d + 7);
      }
    }
    check_everywhere(
        [records](weir::environment& env) {
          return env.from("numbers", weir::generate(itself).count(records))
              .map("triple", [](std::uint64_t n) { return n * 3; })
              .map("next", [](std::uint64_t n) { return n + 1; })
              .filter("no fours", [](const std::uint64_t& n) { return n % 4 != 0; })
              .flat_map("divisors", emit_divisors)
              .map("plus seven", [](std::uint64_t n) { return n + 7; });
        },
        expected);
  }
}

TEST_CASE("side outputs and a record at the end of input arrive beside the main output") {
  for (const std::uint32_t parallelism : {1u, 3u}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", parallelism);
    auto main = std::make_shared<weir::collected<std::uint64_t>>();
    auto odd = std::make_shared<weir::collected<std::string>>();
    auto tens = std::make_shared<weir::collected<std::uint64_t>>();
    auto tens_again = std::make_shared<weir::collected<std::uint64_t>>();
    const auto split =
        env.from("numbers", weir::generate(itself).count(3000)).process<split_numbers>("split");
    split.to("main", weir::collect_sink(main));
    split.side<std::string>("odd").to("odd", weir::collect_sink(odd));
    const auto side = split.side<std::uint64_t>("tens");
    side.map("negate", [](std::uint64_t n) { return ~n; }).to("tens", weir::collect_sink(tens));
    side.rebalance().to("tens again", weir::collect_sink(tens_again));
    run_to_finish(env);

    numbers even(parallelism, 1'000'000);
    std::vector<std::string> odd_texts;
    numbers negated;
    numbers plain;
    for (std::uint64_t n = 0; n < 3000; ++n) {
      if (n % 2 == 0) even.push_back(n);
      if (n % 2 == 1) odd_texts.push_back("an odd number, which is " + std::to_string(n));
      if (n % 10 == 0) negated.push_back(~n);
      if (n % 10 == 0) plain.push_back(n);
    }
    CHECK((sorted(main->records()) == sorted(even)));
    CHECK((sorted(odd->records()) == sorted(odd_texts)));
    CHECK((sorted(tens->records()) == sorted(negated)));
    CHECK((sorted(tens_again->records()) == plain));
  }
}

TEST_CASE("every consumer of a stream gets every record") {
  for (const bool chaining : {true, false}) {
    const weir::scratch_directory scratch;
    auto env = make_environment(scratch.path() / "state", 2);
    env.set("pipeline.operator-chaining.enabled", chaining ? "true" : "false");
    const auto words = env.from("words", weir::generate(word_of).count(4000));
    std::vector<std::shared_ptr<weir::collected<std::string>>> outputs;
    for (const char* name : {"first", "second", "third"}) {
      outputs.push_back(std::make_shared<weir::collected<std::string>>());
      words.map(std::string(name) + " map", [name](std::string w) { return w + name; })
          .to(name, weir::collect_sink(outputs.back()));
    }
    auto counted = std::make_shared<weir::collected<total>>();
    words.key_by([](const std::string& w) -> const std::string& { return w; })
        .process<count_words>("count")
        .to("counted", weir::collect_sink(counted));
    run_to_finish(env);

    std::size_t which = 0;
    for (const char* name : {"first", "second", "third"}) {
      std::vector<std::string> expected;
      for (std::uint64_t seq = 0; seq < 4000; ++seq) expected.push_back(word_of(seq) + name);
      CHECK((sorted(outputs[which++]->records()) == sorted(expected)));
    }
    CHECK((sorted(counted->records()) == sorted(word_counts(4000))));
  }
}

TEST_CASE(
    "union_with brings the records of all its streams, also of one that is joined with itself") {
  numbers expected;
  for (std::uint64_t n = 0; n < 2000; ++n) {
    for (const std::uint64_t copy : {n, n, n + 10'000, n + 20'000}) expected.push_back(copy);
  }
  check_everywhere(
      [](weir::environment& env) {
        const auto low = env.from("low", weir::generate(itself).count(2000));
        const auto middle = low.map("middle", [](std::uint64_t n) { return n + 10'000; });
        const auto high =
            env.from("high", weir::generate([](std::uint64_t n) { return n + 20'000; }).count(2000))
                .parallelism(2);
        return low.union_with(low).union_with(middle).union_with(high).map("all", itself);
      },
      expected);
}

TEST_CASE("forward keeps the subtask, rebalance uses all of them, broadcast reaches every one") {
  constexpr std::uint32_t subtasks = 3;
  const auto sightings = [](auto distribute) {
    return output_of(
        [&](weir::environment& env) {
          auto from = env.from("numbers", weir::generate(itself).count(9000));
          return distribute(from).template process<see>("see").parallelism(subtasks);
        },
        subtasks);
  };
  const auto subtasks_of = [](const std::vector<sighting>& all) {
    std::map<std::uint64_t, std::vector<std::uint32_t>> by_number;
    for (const auto& one : all) by_number[one.number].push_back(one.subtask);
    return by_number;
  };

  const auto forwarded = subtasks_of(sightings([](auto& s) { return s.forward(); }));
  const auto balanced = sightings([](auto& s) { return s.parallelism(1).rebalance(); });
  const auto everywhere =
      subtasks_of(sightings([](auto& s) { return s.parallelism(2).broadcast(); }));

  REQUIRE(forwarded.size() == 9000);
  for (const auto& [number, seen_by] : forwarded) {
    REQUIRE((seen_by ==
             std::vector<std::uint32_t>{static_cast<std::uint32_t>(number % 1024 % subtasks)}));
  }
  REQUIRE(balanced.size() == 9000);
  std::array<int, subtasks> loads{};
  for (const auto& one : balanced) ++loads.at(one.subtask);
  for (const int load : loads) CHECK(load > 0);
  REQUIRE(everywhere.size() == 9000);
  for (const auto& [number, seen_by] : everywhere)
    REQUIRE((seen_by == std::vector<std::uint32_t>{0, 1, 2}));
}

TEST_CASE("operators with a parallelism of their own, and chains cut by hand, change nothing") {
  numbers expected;
  for (std::uint64_t n = 0; n < 4000; ++n) expected.push_back((n + 1) * 2 + 3);
  check_everywhere(
      [](weir::environment& env) {
        return env.from("numbers", weir::generate(itself).count(4000))
            .parallelism(2)
            .map("next", [](std::uint64_t n) { return n + 1; })
            .parallelism(5)
            .map("twice", [](std::uint64_t n) { return n * 2; })
            .start_new_chain()
            .map("and one", [](std::uint64_t n) { return n + 1; })
            .map("and two", [](std::uint64_t n) { return n + 2; })
            .disable_chaining();
      },
      expected);
}

TEST_CASE("string keys by value and by reference group the same records") {
  const auto by_reference = [](weir::environment& env) {
    return env.from("words", weir::generate(word_of).count(6000))
        .key_by([](const std::string& w) -> const std::string& { return w; })
        .process<count_words>("count");
  };
  const auto by_value = [](weir::environment& env) {
    return env.from("words", weir::generate(word_of).count(6000))
        .key_by([](const std::string& w) { return w; })
        .process<count_words>("count");
  };
  check_everywhere(by_reference, word_counts(6000));
  check_everywhere(by_value, word_counts(6000));
}

TEST_CASE("reduce emits the running reduction of each key") {
  numbers expected;
  for (std::uint64_t key = 0; key < 7; ++key) {
    for (std::uint64_t count = 1; count <= 500; ++count) expected.push_back(key + 1000 * count);
  }
  check_everywhere(
      [](weir::environment& env) {
        return env
            .from("numbers",
                  weir::generate([](std::uint64_t n) { return n % 7 + 1000; }).count(3500))
            .key_by([](const std::uint64_t& n) { return static_cast<std::uint32_t>(n % 1000); })
            .reduce("sum", [](std::uint64_t a, std::uint64_t b) { return a + 1000 * (b / 1000); });
      },
      expected);
}

TEST_CASE("records of four kilobytes arrive as they were, through every kind of exchange") {
  std::vector<page> expected;
  for (std::uint64_t seq = 0; seq < 300; ++seq) expected.push_back(page_of(seq));
  check_everywhere(
      [](weir::environment& env) {
        return env.from("pages", weir::generate(page_of).count(300))
            .rebalance()
            .map("turn", [](page p) { return p; })
            .key_by([](const page& p) -> const std::string& { return p.text; })
            .reduce("last", [](const page&, page p) { return p; })
            .filter("all", [](const page&) { return true; });
      },
      expected);
}
