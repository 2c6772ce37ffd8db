// SPDX-License-Identifier: Apache-2.0
// latency: how long a record takes through a keyed count that runs at a part of its peak rate, from
// the moment at which the schedule makes it due to the sink; beside it, in turn, the same on plain
// CAF actors. One record in 61 is timed. One JSON line a run, and one with the medians of each side.
// Exit codes: 0 done, 1 failed or wrong sum, 2 usage.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/bare_caf_pipeline.hpp"
#include "bench/command_line.hpp"
#include "bench/expected_sum.hpp"
#include "bench/latency_run.hpp"
#include "bench/machine_load.hpp"
#include "bench/open_loop.hpp"
#include "bench/peak_rate.hpp"
#include "bench/scratch_state.hpp"
#include "bench/work_sum_codec.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

struct latency_options {
  double rate = 0;  // 0: half of the peak
  double seconds = 20;
  double warm_up = 5;
  std::uint64_t keys = 10'000;
  unsigned parallelism = 2;
  unsigned runs = 3;
  std::chrono::milliseconds checkpoint_interval{1000};
};

// ---- the job

struct counted {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t seq = 0;
  std::uint32_t subtask = 0;
};

struct count_keys final : keyed_process<std::uint64_t, keyed_record, counted> {
  value_state<std::uint64_t> seen{*this, "seen", 0};
  std::uint32_t subtask = 0;

  void open(const subtask_info& where) override { subtask = where.index; }
  void process(const keyed_record& record, context&, collector<counted>& out) override {
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({record.key, count, record.value, subtask});
  }
};

/// What the sinks leave behind, read after the job.
struct arrivals {
  arrivals(const open_loop& of, unsigned subtasks) : schedule(of) {
    for (unsigned i = 0; i < subtasks; ++i) samples.emplace_back(of.sample_count());
  }
  void add(const work_sum& of_subtask) {
    const std::lock_guard hold(mutex);
    sum += of_subtask;
  }

  open_loop schedule;
  std::vector<latency_samples> samples;  // of each subtask, by that alone
  std::mutex mutex;
  work_sum sum;
};

void build(environment& env, std::uint64_t keys, const std::shared_ptr<arrivals>& into) {
  const open_loop& schedule = into->schedule;
  const auto numbers = generate(keyed_generator(keys))
                           .count(schedule.records())
                           .rate(schedule.rate)
                           .start_at(schedule.start);
  const auto arrive = [to = into.get()](work_sum& sum, const counted& record) {
    ++sum.records;
    sum.sum += fold(record.key, record.count);
    to->schedule.arrived(record.seq, to->samples[record.subtask]);
  };
  env.from("numbers", numbers)
      .key_by([](const keyed_record& record) -> const std::uint64_t& { return record.key; })
      .process<count_keys>("count")
      .to("arrive", fold_sink(work_sum{}, arrive, [into](const work_sum& sum) { into->add(sum); }));
}

latency_run run_weir_latency(const open_loop& schedule, const latency_options& options) {
  latency_run result;
  const scratch_state scratch;
  const auto into = std::make_shared<arrivals>(schedule, options.parallelism);
  environment env("latency");
  env.set("state.dir", scratch.state_dir());
  env.set("parallelism.default", std::to_string(options.parallelism));
  env.set("execution.checkpointing.interval",
          std::to_string(options.checkpoint_interval.count()) + " ms");
  build(env, options.keys, into);
  const stopwatch watch;
  auto running = env.execute();
  if (!running) {
    result.failure = running.error().text();
    return result;
  }
  const job_report report = running->wait();
  result.cost = watch.elapsed();
  if (report.state != job_state::finished) {
    result.failure = report.failure ? report.failure->text() : "did not finish";
  }
  for (const latency_samples& each : into->samples) result.samples.merge(each);
  result.found = into->sum;
  return result;
}

// ---- runs and lines

constexpr double percents[] = {50, 99, 99.9, 99.99, 100};
constexpr const char* percent_names[] = {"p50_us", "p99_us", "p999_us", "p9999_us", "max_us"};

struct side {
  const char* name;
  std::vector<std::vector<double>> runs;  // percentiles of each run that counts
  std::vector<std::vector<double>> voids;
  std::vector<double> cpu_s;
};

class latency_benchmark {
 public:
  explicit latency_benchmark(const latency_options& options) : options_(options) {
    if (options_.rate <= 0) options_.rate = peak_rate(options_.keys, options_.parallelism) / 2;
    expected_ = expected_keyed_count(make_schedule().records(), options_.keys);
  }

  int run() {
    side weir{"weir", {}, {}, {}};
    side bare{"bare_caf", {}, {}, {}};
    const unsigned attempts_max = 2 * options_.runs;
    const auto enough = [&] {
      return std::min(weir.runs.size(), bare.runs.size()) >= options_.runs;
    };
    for (unsigned i = 0; i < attempts_max && !enough(); ++i) {
      const open_loop of_weir = make_schedule();
      run_side(weir, [&] { return run_weir_latency(of_weir, options_); });
      const open_loop of_bare = make_schedule();
      run_side(bare, [&] { return run_bare_caf(of_bare, options_.keys, options_.parallelism); });
    }
    print_summary(weir);
    print_summary(bare);
    return sums_ok_ ? 0 : 1;
  }

 private:
  /// Starts soon enough after now for a job to be up.
  open_loop make_schedule() const {
    open_loop made;
    made.rate = options_.rate;
    made.warm_up = std::chrono::duration<double>(options_.warm_up);
    made.measured = std::chrono::duration<double>(options_.seconds);
    made.start = open_loop::clock::now() + std::chrono::milliseconds(300);
    return made;
  }

  template <class Run>
  void run_side(side& of, Run run) {
    const machine_load load;
    latency_run result = run();
    const double foreign_share = load.foreign_share();
    if (!result.failure.empty()) throw std::runtime_error(result.failure);
    const bool sum_ok = result.found == expected_;
    const bool is_void = foreign_share > foreign_share_max;
    sums_ok_ = sums_ok_ && sum_ok;
    std::vector<double> micros;
    for (const double percent : percents) {
      micros.push_back(static_cast<double>(result.samples.percentile(percent)) / 1e3);
    }
    json_line line = begin_line("run", of, micros);
    print(line.field("samples", result.samples.size())
              .field("cpu_s", result.cost.cpu_s)
              .field("foreign_share", foreign_share)
              .field("sum_ok", sum_ok)
              .field("void", is_void));
    of.cpu_s.push_back(result.cost.cpu_s);
    (is_void ? of.voids : of.runs).push_back(std::move(micros));
  }

  void print_summary(const side& of) const {
    const auto& counted_runs = of.runs.empty() ? of.voids : of.runs;
    json_line line = begin_line("summary", of, medians_of(counted_runs, std::size(percents)));
    print(line.field("runs", counted_runs.size())
              .field("voided", of.voids.size())
              .field("cpu_s", spread_of(of.cpu_s).median)
              .field("sum_ok", sums_ok_)
              .field("void", of.runs.empty()));
  }

  json_line begin_line(const char* kind, const side& of, const std::vector<double>& micros) const {
    json_line line;
    line.field("line", kind)
        .field("side", of.name)
        .field("keys", options_.keys)
        .field("parallelism", options_.parallelism)
        .field("rate_mrec_s", options_.rate / 1e6)
        .field("checkpoint_interval_ms",
               static_cast<std::uint64_t>(options_.checkpoint_interval.count()));
    for (std::size_t i = 0; i < micros.size(); ++i) line.field(percent_names[i], micros[i]);
    return line;
  }

  latency_options options_;
  work_sum expected_;
  bool sums_ok_ = true;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"Latency from schedule: weir, and plain CAF actors beside it."};
  latency_options options;
  app.add_option("--rate", options.rate, "records a second; without it, half of weir's peak")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "of each run, after its warm-up")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--warmup", options.warm_up, "seconds before the first sample")
      ->check(CLI::Range(0.0, 3600.0));
  add_keys(app, options.keys);
  add_parallelism(app, options.parallelism);
  add_runs(app, options.runs);
  add_duration(app, "--checkpoint-interval", options.checkpoint_interval,
               "exactly-once checkpoints by weir; 0 for none");
  return run_program(app, argc, argv, [&] { return latency_benchmark(options).run(); });
}
