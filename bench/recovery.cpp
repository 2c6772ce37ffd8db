// SPDX-License-Identifier: Apache-2.0
// recovery: a keyed count at a part of its peak rate, in which a counter task throws once. Measures
// how long the sinks see nothing, and how long until they are where they were. One JSON line a run,
// and one with the medians. Exit codes: 0 done, 1 failed or wrong sum, 2 usage.
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/expected_sum.hpp"
#include "bench/failure_watch.hpp"
#include "bench/machine_load.hpp"
#include "bench/peak_rate.hpp"
#include "bench/scratch_state.hpp"
#include "bench/work_sum_codec.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

struct recovery_options {
  double rate = 0;  // 0: half of the peak
  double fail_after_s = 3;
  double go_on_s = 3;  // after the failure
  std::uint64_t keys = 1'000'000;
  unsigned parallelism = 2;
  unsigned runs = 5;
  std::chrono::milliseconds interval{1000};
};

// ---- the job

struct counted {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t attempt = 0;
  std::uint32_t subtask = 0;
};

struct count_until_failure final : keyed_process<std::uint64_t, keyed_record, counted> {
  explicit count_until_failure(std::shared_ptr<failure_watch> shared) : watch(std::move(shared)) {}

  value_state<std::uint64_t> seen{*this, "seen", 0};
  std::shared_ptr<failure_watch> watch;
  std::uint64_t attempt = 0;
  std::uint32_t subtask = 0;

  void open(const subtask_info& where) override {
    attempt = where.attempt.value;
    subtask = where.index;
  }
  void process(const keyed_record& record, context&, collector<counted>& out) override {
    if (subtask == 0 && watch->should_fail(record.value)) {
      throw std::runtime_error("the failure that this benchmark is about");
    }
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({record.key, count, attempt, subtask});
  }
};

struct total {
  std::mutex mutex;
  work_sum sum;

  void add(const work_sum& of_subtask) {
    const std::lock_guard hold(mutex);
    sum += of_subtask;
  }
};

struct job_shape {
  double rate = 0;
  std::uint64_t records = 0;
  std::uint64_t fail_at_seq = 0;
};

void build(environment& env, const recovery_options& options, const job_shape& shape,
           const std::shared_ptr<failure_watch>& watch, const std::shared_ptr<total>& into) {
  const auto numbers = generate(keyed_generator(options.keys))
                           .count(shape.records)
                           .rate(shape.rate)
                           .start_at(std::chrono::steady_clock::now());
  const auto arrive = [watch](work_sum& sum, const counted& record) {
    ++sum.records;
    sum.sum += fold(record.key, record.count);
    watch->on_record(record.subtask, record.attempt, sum.records);
  };
  env.from("numbers", numbers)
      .key_by([](const keyed_record& record) -> const std::uint64_t& { return record.key; })
      .process<count_until_failure>("count", watch)
      .to("arrive", fold_sink(work_sum{}, arrive, [into](const work_sum& sum) { into->add(sum); }));
}

// ---- runs and lines

struct recovery_run {
  failure_watch::outcome seen;
  job_report report;
  work_sum found;
  std::uint64_t store_bytes = 0;
  double foreign_share = 0;
};

recovery_run run_once(const recovery_options& options, const job_shape& shape) {
  const scratch_state scratch;
  const auto watch = std::make_shared<failure_watch>(shape.fail_at_seq);
  const auto into = std::make_shared<total>();
  environment env("recovery");
  env.set("state.dir", scratch.state_dir());
  env.set("parallelism.default", std::to_string(options.parallelism));
  env.set("execution.checkpointing.interval", std::to_string(options.interval.count()) + " ms");
  env.set("restart-strategy.type", "fixed-delay");
  env.set("restart-strategy.fixed-delay.attempts", "1");
  env.set("restart-strategy.fixed-delay.delay", "0 ms");
  build(env, options, shape, watch, into);
  const machine_load load;
  auto running = env.execute();
  if (!running) throw std::runtime_error(running.error().text());
  recovery_run run;
  run.report = running->wait();
  run.foreign_share = load.foreign_share();
  if (run.report.state != job_state::finished) {
    throw std::runtime_error(run.report.failure ? run.report.failure->text() : "did not finish");
  }
  run.seen = watch->result(options.parallelism);
  run.found = into->sum;
  run.store_bytes = scratch.bytes();
  return run;
}

/// The measured times, in the order of their names.
constexpr const char* measure_names[] = {"first_record_ms",   "every_sink_ms",
                                         "restart_ms",        "caught_up_ms",
                                         "replay_at_peak_ms", "beyond_replay_ms"};

class recovery_benchmark {
 public:
  explicit recovery_benchmark(const recovery_options& options)
      : options_(options), peak_(peak_rate(options.keys, options.parallelism)) {
    if (options_.rate <= 0) options_.rate = peak_ / 2;
    const double seconds = options_.fail_after_s + interval_s() + options_.go_on_s;
    records_ = static_cast<std::uint64_t>(options_.rate * seconds);
    expected_ = expected_keyed_count(records_, options_.keys);
  }

  int run() {
    for (unsigned i = 0; i < 2 * options_.runs && counted_.size() < options_.runs; ++i) judge(i);
    print_summary();
    return all_ok_ ? 0 : 1;
  }

 private:
  double interval_s() const { return std::chrono::duration<double>(options_.interval).count(); }

  /// The failures of the runs fall into different parts of an epoch, evenly.
  void judge(unsigned number) {
    const double part = (number % options_.runs + 0.5) / options_.runs;
    const double fail_after_s = options_.fail_after_s + part * interval_s();
    const job_shape shape{options_.rate, records_,
                          static_cast<std::uint64_t>(options_.rate * fail_after_s)};
    const recovery_run run = run_once(options_, shape);
    const double replay_ms = 1e3 * static_cast<double>(run.seen.replayed) / peak_;
    const std::chrono::duration<double, std::milli> restart = run.report.last_restart;
    const std::vector<double> values{run.seen.first_ms, run.seen.all_first_ms,
                                     restart.count(),   run.seen.passed_ms,
                                     replay_ms,         run.seen.passed_ms - replay_ms};
    const bool ok = run.found == expected_ && run.seen.complete && run.report.restarts == 1;
    const bool is_void = run.foreign_share > foreign_share_max;
    all_ok_ = all_ok_ && ok;
    json_line line = begin_line("run", values);
    print(line.field("failed_after_s", fail_after_s)
              .field("replayed_records", run.seen.replayed)
              .field("restarts", run.report.restarts)
              .field("checkpoints", run.report.checkpoints_completed)
              .field("store_bytes", run.store_bytes)
              .field("foreign_share", run.foreign_share)
              .field("complete", run.seen.complete)
              .field("sum_ok", run.found == expected_)
              .field("void", is_void));
    (is_void ? voids_ : counted_).push_back(values);
  }

  void print_summary() const {
    const auto& rows = counted_.empty() ? voids_ : counted_;
    json_line line = begin_line("summary", medians_of(rows, std::size(measure_names)));
    print(line.field("runs", rows.size())
              .field("voided", voids_.size())
              .field("sum_ok", all_ok_)
              .field("void", counted_.empty()));
  }

  json_line begin_line(const char* kind, const std::vector<double>& values) const {
    json_line line;
    line.field("line", kind)
        .field("keys", options_.keys)
        .field("parallelism", options_.parallelism)
        .field("interval_ms", static_cast<std::uint64_t>(options_.interval.count()))
        .field("rate_mrec_s", options_.rate / 1e6)
        .field("peak_mrec_s", peak_ / 1e6)
        .field("state_bytes", options_.keys * 2 * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < values.size(); ++i) line.field(measure_names[i], values[i]);
    return line;
  }

  recovery_options options_;
  double peak_;
  std::uint64_t records_ = 0;
  work_sum expected_;
  std::vector<std::vector<double>> counted_;
  std::vector<std::vector<double>> voids_;
  bool all_ok_ = true;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"How long a job takes to recover from a task that throws."};
  recovery_options options;
  app.add_option("--rate", options.rate, "records a second; without it, half of the peak")
      ->check(CLI::PositiveNumber);
  app.add_option("--fail-after", options.fail_after_s,
                 "seconds until the first epoch that may fail")
      ->check(CLI::Range(0.1, 3600.0));
  add_keys(app, options.keys);
  add_parallelism(app, options.parallelism);
  add_runs(app, options.runs);
  add_duration(app, "--interval", options.interval, "between checkpoints");
  return run_program(app, argc, argv, [&] { return recovery_benchmark(options).run(); });
}
