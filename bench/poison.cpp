// SPDX-License-Identifier: Apache-2.0
// poison: what poison policies cost. A keyed count runs without a policy; with one, and nothing that it applies to; with
// one that looks at each record; with 1 % of the records in a side output, as a program would do with what it expects;
// and with 1 % poison records, each of which kills once and becomes a dead letter. One JSON line a run, and one a case
// with the medians. Exit codes: 0 done, 1 failed or wrong counts, 2 usage.
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/measure.hpp"
#include "bench/scratch_state.hpp"
#include "bench/works.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

struct poison_options {
  std::uint64_t keys = 1'000'000;
  std::uint64_t records = 50'000'000;
  std::uint64_t poisoned_records = 20'000;
  unsigned parallelism = 2;
  unsigned runs = 5;
  std::chrono::milliseconds interval{10};  // with poison; a kill replays what came since
};

enum class shape { plain, policy, careful, side_output, dead_letters };
constexpr const char* shape_names[] = {"plain", "policy", "careful", "side-output", "dead-letters"};

constexpr std::uint64_t one_in = 100;

struct numbered {
  std::uint64_t key = 0;
  std::uint64_t seq = 0;
};
WEIR_RECORD(numbered, key, seq)

struct counted {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
};

/// Records whose number is `bad` modulo `every` are bad; 0: none is.
struct badness {
  std::uint64_t every = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> kills;
};

/// The same operator for all cases, but for what it does with a bad record.
template <shape Shape>
struct count_numbers final : keyed_process<std::uint64_t, numbered, counted> {
  explicit count_numbers(badness what) : bad(std::move(what)) {}
  value_state<std::uint64_t> seen{*this, "seen", 0};
  side_output<numbered> aside{*this, "aside"};
  badness bad;

  void process(const numbered& record, keyed_context<std::uint64_t>&,
               collector<counted>& out) override {
    if constexpr (Shape == shape::side_output) {
      if (record.seq % one_in == 0) return aside.emit(record);
    } else if constexpr (Shape == shape::careful || Shape == shape::dead_letters) {
      if (record.seq % bad.every == 0) {
        bad.kills->fetch_add(1);
        throw std::runtime_error("bad record");
      }
    }
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({record.key, count});
  }
};

struct totals {
  std::mutex mutex;
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
};

auto sum_into(std::shared_ptr<totals> into, std::uint64_t totals::*member) {
  return fold_sink(
      std::uint64_t{0}, [](std::uint64_t& sum, const auto&) { ++sum; },
      [into, member](const std::uint64_t& sum) {
        const std::lock_guard hold(into->mutex);
        (*into).*member += sum;
      });
}

template <shape Shape>
void build(environment& env, const poison_options& options, std::uint64_t records,
           const badness& bad, const std::shared_ptr<totals>& into) {
  const fast_modulus modulus(options.keys);
  auto made = env.from("numbers", generate([modulus](std::uint64_t seq) {
                                    return numbered{modulus(mix(seq)), seq};
                                  }).count(records))
                  .key_by([](const numbered& one) -> const std::uint64_t& { return one.key; })
                  .template process<count_numbers<Shape>>("count", bad);
  if constexpr (Shape == shape::policy) made.on_poison(poison::skip(1));
  if constexpr (Shape == shape::careful || Shape == shape::dead_letters) {
    made.on_poison(poison::dead_letter("bad", sum_into(into, &totals::bad), 1));
  }
  if constexpr (Shape == shape::side_output) {
    made.template side<numbered>("aside").to("bad", sum_into(into, &totals::bad));
  }
  made.to("good", sum_into(into, &totals::good));
}

struct run_outcome {
  double mrec_s = 0;
  double wall_s = 0;
  std::uint64_t kills = 0;
  std::uint64_t restarts = 0;
  std::uint64_t checkpoints = 0;
  bool ok = false;
};

template <shape Shape>
run_outcome run_once(const poison_options& options) {
  constexpr bool poisoned = Shape == shape::dead_letters;
  const std::uint64_t records = poisoned ? options.poisoned_records : options.records;
  badness bad{0, std::make_shared<std::atomic<std::uint64_t>>(0)};
  if (poisoned) bad.every = one_in;
  if (Shape == shape::careful)
    bad.every = records;  // the first one: from then on each is looked at
  const scratch_state scratch;
  const auto into = std::make_shared<totals>();
  environment env("poison");
  env.set("state.dir", scratch.state_dir());
  env.set("parallelism.default", std::to_string(options.parallelism));
  env.set("execution.checkpointing.interval",
          poisoned ? std::to_string(options.interval.count()) + " ms" : "0 ms");
  build<Shape>(env, options, records, bad, into);
  const stopwatch watch;
  auto running = env.execute();
  if (!running) throw std::runtime_error(running.error().text());
  const job_report report = running->wait();
  if (report.state != job_state::finished) {
    throw std::runtime_error(report.failure ? report.failure->text() : "did not finish");
  }
  run_outcome seen;
  seen.wall_s = watch.elapsed().wall_s;
  seen.mrec_s = static_cast<double>(records) / seen.wall_s / 1e6;
  seen.kills = *bad.kills;
  seen.restarts = report.restarts;
  seen.checkpoints = report.checkpoints_completed;
  const std::uint64_t expected = Shape == shape::careful ? 1
                                 : Shape == shape::side_output || poisoned
                                     ? (records + one_in - 1) / one_in
                                     : 0;
  // Tasks that die at the same time are one restart, and more kills than restarts.
  seen.ok = into->bad == expected && into->good == records - expected &&
            seen.kills >= (Shape == shape::side_output ? 0 : expected);
  return seen;
}

run_outcome run_once(shape which, const poison_options& options) {
  switch (which) {
    case shape::plain:
      return run_once<shape::plain>(options);
    case shape::policy:
      return run_once<shape::policy>(options);
    case shape::careful:
      return run_once<shape::careful>(options);
    case shape::side_output:
      return run_once<shape::side_output>(options);
    case shape::dead_letters:
      return run_once<shape::dead_letters>(options);
  }
  throw std::logic_error("no such case");
}

json_line begin_line(const char* kind, shape which, const poison_options& options) {
  json_line line;
  line.field("line", kind)
      .field("case", shape_names[static_cast<int>(which)])
      .field("keys", options.keys)
      .field("parallelism", options.parallelism);
  return line;
}

int run_all(const poison_options& options) {
  constexpr shape all[] = {shape::plain, shape::policy, shape::careful, shape::side_output,
                           shape::dead_letters};
  std::vector<std::vector<double>> rates(std::size(all));
  std::vector<double> ms_per_kill;
  bool ok = true;
  for (unsigned run = 0; run <= options.runs; ++run) {  // in turn; the first run warms up
    for (const shape which : all) {
      const run_outcome seen = run_once(which, options);
      ok = ok && seen.ok;
      if (run == 0) continue;
      print(begin_line("run", which, options)
                .field("rate_mrec_s", seen.mrec_s)
                .field("wall_s", seen.wall_s)
                .field("kills", seen.kills)
                .field("restarts", seen.restarts)
                .field("checkpoints", seen.checkpoints)
                .field("counts_ok", seen.ok));
      rates[static_cast<std::size_t>(which)].push_back(seen.mrec_s);
      if (which == shape::dead_letters) {
        ms_per_kill.push_back(1e3 * seen.wall_s / static_cast<double>(seen.restarts));
      }
    }
  }
  const double plain = spread_of(rates.front()).median;
  for (const shape which : all) {
    const double rate = spread_of(rates[static_cast<std::size_t>(which)]).median;
    json_line line = begin_line("summary", which, options);
    line.field("rate_mrec_s", rate).field("of_plain", rate / plain);
    if (which == shape::dead_letters) line.field("ms_per_restart", spread_of(ms_per_kill).median);
    print(line.field("runs", options.runs).field("counts_ok", ok));
  }
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"What poison policies cost, and how fast dead letters are."};
  poison_options options;
  add_keys(app, options.keys);
  add_parallelism(app, options.parallelism);
  add_runs(app, options.runs);
  app.add_option("--records", options.records, "of each case but dead letters")
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{1} << 40));
  app.add_option("--poisoned-records", options.poisoned_records, "of which 1 % kill once")
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{10'000'000}));
  add_duration(app, "--interval", options.interval, "between checkpoints, with dead letters");
  return run_program(app, argc, argv, [&] { return run_all(options); });
}
