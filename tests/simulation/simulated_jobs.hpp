// SPDX-License-Identifier: Apache-2.0
// The jobs that the simulator's tests run: a word count, a keyed union with side outputs, and a chain with list state.
// Their records travel in small batches, so that a short run takes many steps.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "weir/testing.hpp"
#include "weir/weir.hpp"

namespace weir::test {

struct word {
  std::string text;
};
struct counted_word {
  std::string text;
  std::int64_t count = 0;
};
struct reading {
  std::uint32_t sensor = 0;
  std::uint32_t source = 0;
  std::uint64_t seq = 0;
};
struct seen_reading {
  std::uint32_t sensor = 0;
  std::uint32_t source = 0;
  std::int64_t count = 0;  // of this source at this sensor
};
struct alarm {
  std::uint32_t sensor = 0;
  std::int64_t readings = 0;
};
struct item {
  std::uint64_t number = 0;
};
struct bundle {
  std::uint64_t key = 0;
  std::vector<std::uint64_t> items;
};
WEIR_RECORD(word, text)
WEIR_RECORD(counted_word, text, count)
WEIR_RECORD(reading, sensor, source, seq)
WEIR_RECORD(seen_reading, sensor, source, count)
WEIR_RECORD(alarm, sensor, readings)
WEIR_RECORD(item, number)
WEIR_RECORD(bundle, key, items)

}  // namespace weir::test

template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::word> = 48;
template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::counted_word> = 32;
template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::reading> = 32;
template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::seen_reading> = 16;
template <>
inline constexpr std::uint32_t weir::batch_capacity<weir::test::item> = 24;

namespace weir::test {

using weir::testing::simulated_run;

struct count_words final : keyed_process<std::string, word, counted_word> {
  value_state<std::int64_t> seen{*this, "seen", 0};
  void process(const word& one, context&, collector<counted_word>& out) override {
    seen.update(seen.value() + 1);
    out.emit({one.text, seen.value()});
  }
};

inline void split_line(const std::string& line, collector<word>& out) {
  for (std::size_t at = 0; at < line.size();) {
    const auto end = std::min(line.find(' ', at), line.size());
    out.emit({line.substr(at, end - at)});
    at = end + 1;
  }
}

inline constexpr std::uint64_t word_count_lines = 2000;

/// Lines, words, counts: the words of one line go to several tasks.
inline void word_count_job(environment& env, simulated_run& run) {
  env.from("lines", generate([](std::uint64_t seq) {
                      return "a" + std::to_string(seq % 7) + " b" + std::to_string(seq % 31) +
                             " c" + std::to_string(seq * 2654435761u % 211);
                    })
                        .count(word_count_lines)
                        .rate(150e3))
      .flat_map("split", split_line)
      .key_by([](const word& one) -> const std::string& { return one.text; })
      .process<count_words>("count")
      .to("out", run.sink<counted_word>("out"));
}

struct watch_sensors final : keyed_process<std::uint32_t, reading, seen_reading> {
  map_state<std::uint32_t, std::int64_t> by_source{*this, "by-source"};
  value_state<std::int64_t> all{*this, "all", 0};
  side_output<alarm> alarms{*this, "alarms"};
  void process(const reading& one, context&, collector<seen_reading>& out) override {
    const auto* before = by_source.get(one.source);
    const std::int64_t count = (before != nullptr ? *before : 0) + 1;
    by_source.put(one.source, count);
    all.update(all.value() + 1);
    if (all.value() % 10 == 0) alarms.emit({one.sensor, all.value()});
    out.emit({one.sensor, one.source, count});
  }
};

inline constexpr std::uint64_t fast_readings = 4000;
inline constexpr std::uint64_t slow_readings = 500;
inline std::uint32_t sensor_of(std::uint64_t seq) {
  return static_cast<std::uint32_t>(seq * 40503u % 97);
}

/// Two sources of different speed and length, joined by key; alarms go a way of their own.
inline void union_job(environment& env, simulated_run& run) {
  const auto from = [&](const char* name, std::uint32_t source, std::uint64_t count, double rate) {
    const auto make = [source](std::uint64_t seq) { return reading{sensor_of(seq), source, seq}; };
    return env.from(name, generate(make).count(count).rate(rate));
  };
  const stream<reading> fast = from("fast", 0, fast_readings, 250e3);
  const stream<reading> slow = from("slow", 1, slow_readings, 30e3);
  auto seen = fast.union_with(slow)
                  .key_by([](const reading& one) { return one.sensor; })
                  .process<watch_sensors>("watch");
  seen.rebalance().to("out", run.sink<seen_reading>("out"));
  seen.side<alarm>("alarms").to("alarms", run.sink<alarm>("alarms"));
}

/// Numbers each subtask's records in a list of its own, and passes on those that it has not seen: state without keys.
struct check_order final : process_function<item, item> {
  operator_list_state<std::uint64_t> totals{*this, "totals"};
  void process(const item& one, context&, collector<item>& out) override {
    const std::uint64_t sum = totals.get().empty() ? 0 : totals.get().front();
    totals.update({sum + one.number});
    out.emit(one);
  }
};

struct bundle_items final : keyed_process<std::uint64_t, item, bundle> {
  list_state<std::uint64_t> waiting{*this, "waiting"};
  void process(const item& one, context& where, collector<bundle>& out) override {
    waiting.add(one.number);
    if (waiting.get().size() < 5) return;
    out.emit({where.key(), waiting.get()});
    waiting.clear();
  }
};

inline constexpr std::uint64_t list_items = 6400;

/// One source a key's records come from, so that lists are the same in every run; cleared when they leave. The output goes
/// to files on the simulated disk.
inline void list_job(environment& env, simulated_run& run) {
  env.from("items",
           generate([](std::uint64_t seq) { return item{seq}; }).count(list_items).rate(250e3))
      .process<check_order>("order")
      .key_by([](const item& one) { return one.number % 64; })
      .process<bundle_items>("bundle")
      .to("out", file_sink(run.files("out")));
}

struct count_hits final : keyed_process<std::uint64_t, item, seen_reading> {
  value_state<std::int64_t> seen{*this, "seen", 0};
  void process(const item& one, context&, collector<seen_reading>& out) override {
    seen.update(seen.value() + 1);
    out.emit({static_cast<std::uint32_t>(one.number), 0, seen.value()});
  }
};

inline constexpr std::uint64_t sparse_keys = 1600;
inline constexpr std::uint64_t sparse_hits = 4000;

/// Which key is hit: three neighbours for a while, then others, and after twenty such turns the first ones again.
inline std::uint64_t sparse_key(std::uint64_t hit) {
  const std::uint64_t turn = hit / 70 % 20;
  return turn * 67 + hit % 3;
}

/// Many keys once, then a few of them at a time: checkpoints hold only what changed, one on top of the other.
inline void sparse_job(environment& env, simulated_run& run) {
  const auto make = [](std::uint64_t seq) {
    return item{seq < sparse_keys ? seq : sparse_key(seq - sparse_keys)};
  };
  env.from("items", generate(make).count(sparse_keys + sparse_hits).rate(250e3))
      .key_by([](const item& one) { return one.number; })
      .process<count_hits>("count")
      .to("out", run.sink<seen_reading>("out"));
}

/// The same into one sum, which is state: this job may go back behind what it has shown.
inline void folded_job(environment& env, simulated_run& run) {
  const auto make = [](std::uint64_t seq) {
    return item{seq < sparse_keys ? seq : sparse_key(seq - sparse_keys)};
  };
  const auto add = [](std::uint64_t& sum, const seen_reading& one) {
    sum += (one.sensor + 1) * 1'000'003u + static_cast<std::uint64_t>(one.count * one.count);
  };
  const auto place = run.directory() / "sum";
  env.from("items", generate(make).count(sparse_keys + sparse_hits).rate(250e3))
      .key_by([](const item& one) { return one.number; })
      .process<count_hits>("count")
      .to("sum", fold_sink(std::uint64_t{0}, add,
                           [place](const std::uint64_t& sum) { std::ofstream(place) << sum; }))
      .parallelism(1);
  run.observe("sum", [place] {
    std::string sum;
    std::ifstream(place) >> sum;
    return std::vector<std::string>{sum};
  });
}

inline constexpr std::uint64_t journaled_lines = 900;

/// Lines of a peer, through a journal on the simulated disk.
inline void journaled_job(environment& env, simulated_run& run) {
  std::vector<std::string> lines;
  for (std::uint64_t i = 0; i < journaled_lines; ++i) {
    lines.push_back("word" + std::to_string(i % 50) + " word" + std::to_string(i * i % 30));
  }
  env.from("lines", run.journaled("lines", std::move(lines)))
      .flat_map("split", split_line)
      .key_by([](const word& one) -> const std::string& { return one.text; })
      .process<count_words>("count")
      .to("out", run.sink<counted_word>("out"));
}

}  // namespace weir::test
