// SPDX-License-Identifier: Apache-2.0
// pause: for how long a task takes no record while checkpoints are taken. A keyed count at full speed
// notes the time at every 256th record of a task; what lies between two notes is a gap: the time of
// 256 records, and whatever came between them. The same without checkpoints, in turn, shows what of
// it the machine and the other tasks are. Exit codes: 0 done, 1 failed, 2 usage.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/latency_samples.hpp"
#include "bench/machine_load.hpp"
#include "bench/measure.hpp"
#include "bench/pause_gaps.hpp"
#include "bench/pause_job.hpp"

namespace weir::bench {
namespace {

struct pause_options {
  std::vector<std::uint64_t> keys{1'000'000, 10'000'000};
  double rate = 0;  // 0: full speed
  double seconds = 10;
  unsigned parallelism = 2;
  unsigned runs = 3;
  std::chrono::milliseconds interval{1000};
};

constexpr double percents[] = {50, 99, 99.9, 100};
constexpr const char* percent_names[] = {"p50_us", "p99_us", "p999_us", "max_us"};

std::vector<double> percentiles(latency_samples& of) {
  std::vector<double> micros;
  for (const double percent : percents) {
    micros.push_back(static_cast<double>(of.percentile(percent)) / 1e3);
  }
  return micros;
}

/// Percentiles of the runs of one side that count.
struct side {
  std::chrono::milliseconds interval{0};
  std::vector<std::vector<double>> all;
  std::vector<std::vector<double>> draining;
  std::vector<std::vector<double>> inside;
  std::vector<std::vector<double>> outside;
  std::vector<double> longest_us;
  unsigned runs = 0;
  unsigned voided = 0;
};

class pause_benchmark {
 public:
  pause_benchmark(const pause_options& options, std::uint64_t keys)
      : options_(options), keys_(keys) {
    with_.interval = options.interval;
  }

  void run() {
    for (unsigned i = 0; i < options_.runs; ++i) {
      run_side(with_);
      run_side(without_);
    }
    print_summary(with_);
    print_summary(without_);
  }

 private:
  void run_side(side& of) {
    pause_run run =
        run_pause_job({keys_, options_.rate, options_.seconds, options_.parallelism, of.interval});
    const double foreign_share = run.foreign_share;
    std::size_t capacity = 0;
    for (const task_notes& each : *run.tasks) capacity += each.size;
    pause_gaps gaps(capacity);
    for (const task_notes& each : *run.tasks) gaps.add(each);
    const bool is_void = foreign_share > foreign_share_max;
    (is_void ? of.voided : of.runs) += 1;
    json_line line = begin_line("run", of);
    add(line, "", percentiles(gaps.all));
    if (gaps.draining.size() > 0) add(line, "draining_", percentiles(gaps.draining));
    if (gaps.inside.size() > 0) add(line, "in_checkpoint_", percentiles(gaps.inside));
    if (gaps.inside.size() > 0) add(line, "outside_", percentiles(gaps.outside));
    line.field("checkpoints", gaps.longest_us.size() / options_.parallelism)
        .field("longest_in_checkpoint_us", spread_of(gaps.longest_us).median)
        .field("mrec_s", static_cast<double>(capacity * records_per_note) / options_.seconds / 1e6);
    print(line.field("foreign_share", foreign_share).field("void", is_void));
    if (is_void) return;
    of.all.push_back(percentiles(gaps.all));
    of.draining.push_back(percentiles(gaps.draining));
    of.inside.push_back(percentiles(gaps.inside));
    of.outside.push_back(percentiles(gaps.outside));
    of.longest_us.insert(of.longest_us.end(), gaps.longest_us.begin(), gaps.longest_us.end());
  }

  void print_summary(const side& of) const {
    json_line line = begin_line("summary", of);
    if (of.runs > 0) add(line, "", medians_of(of.all, std::size(percents)));
    if (of.runs > 0 && of.interval.count() > 0) {
      add(line, "draining_", medians_of(of.draining, std::size(percents)));
      add(line, "in_checkpoint_", medians_of(of.inside, std::size(percents)));
      add(line, "outside_", medians_of(of.outside, std::size(percents)));
      const spread longest = spread_of(of.longest_us);
      line.field("longest_in_checkpoint_us", longest.median)
          .field("longest_in_checkpoint_max_us", longest.max)
          .field("windows", of.longest_us.size());
    }
    print(line.field("runs", of.runs).field("voided", of.voided).field("void", of.runs == 0));
  }

  json_line begin_line(const char* kind, const side& of) const {
    json_line line;
    line.field("line", kind)
        .field("keys", keys_)
        .field("parallelism", options_.parallelism)
        .field("interval_ms", static_cast<std::uint64_t>(of.interval.count()));
    return line;
  }

  static void add(json_line& line, const std::string& prefix, const std::vector<double>& micros) {
    for (std::size_t i = 0; i < micros.size(); ++i)
      line.field(prefix + percent_names[i], micros[i]);
  }

  pause_options options_;
  std::uint64_t keys_;
  side with_;
  side without_;
};

int run_all(const pause_options& options) {
  for (const std::uint64_t keys : options.keys) pause_benchmark(options, keys).run();
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"For how long a task takes no record, with checkpoints and without."};
  pause_options options;
  app.add_option("--keys", options.keys, "numbers of keys, one after the other")
      ->check(CLI::Range(std::uint64_t{1}, keys_max));
  app.add_option("--rate", options.rate, "records a second; without it, full speed")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "of each run, once all keys are there")
      ->check(CLI::Range(0.1, 3600.0));
  add_parallelism(app, options.parallelism);
  add_runs(app, options.runs);
  add_duration(app, "--interval", options.interval, "between checkpoints");
  return run_program(app, argc, argv, [&] { return run_all(options); });
}
