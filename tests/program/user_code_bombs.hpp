// SPDX-License-Identifier: Apache-2.0
// A job in which user code throws where and when a test wants: bomb says where, arm sets it for a
// case, and build_bombed makes a graph that passes every place.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace weir::test {

struct no_exception {
  int code = 3;
};

enum class place : int {
  constructor,
  open,
  process,
  on_end,
  close,
  map,
  filter,
  flat_map,
  key,
  generator,
  callback,
  fold,
  fold_result,
  encode,
  decode_throws,
  decode_refuses,
  count_of_places,
};
inline constexpr const char* place_names[] = {
    "constructor", "open",     "process",       "on_end",        "close",    "map",
    "filter",      "flat_map", "key",           "generator",     "callback", "fold",
    "fold_result", "encode",   "decode_throws", "decode_refuses"};

enum class thrown : int { exception, number, object };

/// Throws `what` the n-th time that `where` is passed, or from then on.
struct bomb {
  place where = place::count_of_places;
  thrown what = thrown::exception;
  std::int64_t calls = 1;
  bool again = false;
  std::atomic<std::int64_t> passed{0};
  std::atomic<std::int64_t> burst{0};

  void pass(place here) {
    if (here != where) return;
    const auto now = ++passed;
    if (again ? now < calls : now != calls) return;
    ++burst;
    switch (what) {
      case thrown::exception:
        throw std::runtime_error(std::string("bomb in ") + place_names[static_cast<int>(here)]);
      case thrown::number:
        throw 42;
      case thrown::object:
        throw no_exception{};
    }
  }
  bool is_due(place here) { return here == where && ++passed == calls && ++burst > 0; }
};

/// The bomb of the running case: a codec has no other way to know it.
inline std::shared_ptr<bomb> armed = std::make_shared<bomb>();

/// State whose codec is user code.
struct fragile {
  std::uint64_t count = 0;
};

}  // namespace weir::test

template <>
struct weir::codec<weir::test::fragile> {
  static std::string schema() { return "fragile"; }
  static void encode(const test::fragile& value, byte_writer& out) {
    test::armed->pass(test::place::encode);
    out.scalar(value.count);
  }
  static bool decode(byte_reader& in, test::fragile& value) {
    test::armed->pass(test::place::decode_throws);
    if (test::armed->is_due(test::place::decode_refuses)) return false;
    value.count = in.scalar<std::uint64_t>();
    return !in.failed();
  }
};

namespace weir::test {

struct count_up final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  explicit count_up(fuse restart) : restart_(std::move(restart)) {
    armed->pass(place::constructor);
  }
  weir::value_state<fragile> seen{*this, "seen"};

  void open(const weir::subtask_info&) override { armed->pass(place::open); }
  void process(const std::uint64_t&, context&, weir::collector<std::uint64_t>& out) override {
    armed->pass(place::process);
    restart_.step();
    seen.update({seen.value().count + 1});
    out.emit(seen.value().count);
  }
  void on_end(weir::collector<std::uint64_t>&) override { armed->pass(place::on_end); }
  void close() override { armed->pass(place::close); }

 private:
  fuse restart_;
};

inline constexpr std::uint64_t records = 6000;
inline constexpr std::uint64_t keys = 60;

struct outputs {
  std::shared_ptr<weir::collected<std::uint64_t>> counts =
      std::make_shared<weir::collected<std::uint64_t>>();
  std::shared_ptr<std::atomic<std::uint64_t>> folded =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<std::atomic<std::uint64_t>> called =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// A graph that passes every place, with two subtasks of everything but the sinks; `restart` makes
/// the operator throw once, so that there is something to restore.
inline outputs build_bombed(weir::environment& env, fuse restart = fuse(), double rate = 100'000) {
  outputs out;
  env.set("execution.checkpointing.interval", "2 ms");
  const auto counted =
      env.from("numbers", weir::generate([](std::uint64_t n) {
                            armed->pass(place::generator);
                            return n;
                          })
                              .count(records)
                              .rate(rate))
          .parallelism(2)
          .map("map", [](std::uint64_t n) { return armed->pass(place::map), n; })
          .parallelism(2)
          .filter("filter", [](const std::uint64_t&) { return armed->pass(place::filter), true; })
          .parallelism(2)
          .flat_map("flat_map",
                    [](std::uint64_t n, weir::collector<std::uint64_t>& to) {
                      armed->pass(place::flat_map);
                      to.emit(n);
                    })
          .parallelism(2)
          .key_by([](const std::uint64_t& n) { return armed->pass(place::key), n % keys; })
          .process<count_up>("count", restart)
          .parallelism(2);
  counted.to("counts", weir::collect_sink(out.counts));
  counted.to("call", weir::callback_sink([called = out.called](const std::uint64_t&) {
               armed->pass(place::callback);
               ++*called;
             }));
  counted.map("one", [](std::uint64_t) { return std::uint64_t{1}; })
      .to("sum", weir::fold_sink(
                     std::uint64_t{0},
                     [](std::uint64_t& sum, const std::uint64_t& n) {
                       armed->pass(place::fold);
                       sum += n;
                     },
                     [folded = out.folded](const std::uint64_t& sum) {
                       armed->pass(place::fold_result);
                       *folded = sum;
                     }));
  return out;
}

inline void check_complete(const outputs& out) {
  std::vector<std::uint64_t> expected;
  for (std::uint64_t n = 0; n < records; ++n) expected.push_back(n / keys + 1);
  CHECK((sorted(out.counts->records()) == expected));
  CHECK(out.called->load() >= records);
}

/// Arms a bomb for the length of a case.
struct arm {
  arm(place where, thrown what, std::int64_t calls, bool again = false) {
    armed = std::make_shared<bomb>();
    armed->where = where;
    armed->what = what;
    armed->calls = calls;
    armed->again = again;
  }
  ~arm() { armed = std::make_shared<bomb>(); }
};

}  // namespace weir::test
