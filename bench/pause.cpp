// SPDX-License-Identifier: Apache-2.0
// pause: for how long a task takes no record while checkpoints are taken. A keyed count at full speed
// notes the time at every 256th record of a task; what lies between two notes is a gap: the time of
// 256 records, and whatever came between them. The same without checkpoints, in turn, shows what of
// it the machine and the other tasks are. Exit codes: 0 done, 1 failed, 2 usage.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/latency_samples.hpp"
#include "bench/machine_load.hpp"
#include "bench/scratch_state.hpp"
#include "bench/works.hpp"
#include "weir/weir.hpp"

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

constexpr std::uint64_t records_per_note = 256;
constexpr std::size_t notes_max = 8'000'000;  // of one task: 2 G records
constexpr double fill_s_max = 120;            // for the first records of all keys

std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

/// From the marker until the checkpoint is complete, as the task sees it: draining lies within.
struct checkpoint_window {
  epoch_id epoch;
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;  ///< 0: not complete
};

/// What one task notes; read after the job has ended.
struct alignas(64) task_notes {
  std::vector<std::int64_t> times;  ///< made and touched beforehand
  std::size_t size = 0;
  std::vector<checkpoint_window> windows;
  std::atomic<bool> measuring{false};

  void note() {
    if (size < times.size()) times[size++] = steady_ns();
  }
};

struct all_notes {
  explicit all_notes(unsigned tasks) : of(tasks) {
    for (task_notes& each : of) each.times.assign(notes_max, 0);
  }
  std::vector<task_notes> of;
};

// ---- the job

struct count_and_note final : keyed_process<std::uint64_t, keyed_record, keyed_count> {
  explicit count_and_note(std::shared_ptr<all_notes> all) : notes(std::move(all)) {}

  value_state<std::uint64_t> seen{*this, "seen", 0};
  std::shared_ptr<all_notes> notes;
  task_notes* mine = nullptr;
  std::uint64_t taken = 0;

  void open(const subtask_info& where) override { mine = &notes->of[where.index]; }
  void process(const keyed_record& record, context&, collector<keyed_count>& out) override {
    if (++taken % records_per_note == 0 && mine->measuring.load(std::memory_order_relaxed)) {
      mine->note();
    }
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({record.key, count});
  }
};

/// Drops its records, and notes markers and commits. Runs in the chain of the counter: the marker
/// comes here in the same handler that freezes the counter's state.
class marker_unit final : public operator_unit, public batch_consumer<keyed_count> {
 public:
  marker_unit(const std::string& uid, std::shared_ptr<all_notes> notes)
      : part_(uid, std::move(notes)) {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  void attach(unit_host& host) override { part_.subtask = host.subtask().index; }
  void on_batch(batch<keyed_count>&) override {}
  std::span<operator_part* const> parts() override { return parts_; }

 private:
  struct marker_part final : operator_part {
    marker_part(std::string uid, std::shared_ptr<all_notes> all)
        : operator_part(std::move(uid)), notes(std::move(all)) {}

    bool snapshot(epoch_id epoch, operator_image&) override {
      notes->of[subtask].windows.push_back({epoch, steady_ns(), 0});
      return true;
    }
    bool commit(epoch_id epoch) override {
      for (checkpoint_window& each : notes->of[subtask].windows) {
        if (each.epoch <= epoch && each.end_ns == 0) each.end_ns = steady_ns();
      }
      return true;
    }

    std::shared_ptr<all_notes> notes;
    std::uint32_t subtask = 0;
  };

  marker_part part_;
  std::array<operator_part*, 1> parts_{&part_};
};

class marker_sink {
 public:
  explicit marker_sink(std::shared_ptr<all_notes> notes) : notes_(std::move(notes)) {}
  std::string describe() const { return "markers"; }
  std::string guarantee() const { return "nothing to guarantee: records are dropped"; }
  bool recognises_epochs() const { return true; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<marker_unit>(uid, notes_);
  }

 private:
  std::shared_ptr<all_notes> notes_;
};

/// Every key once, so that the table is as large as it gets, then as in keyed-count.
class filling_generator {
 public:
  explicit filling_generator(std::uint64_t keys) : keys_(keys), record_(keys) {}
  keyed_record operator()(std::uint64_t seq) const {
    return seq < keys_ ? keyed_record{seq, seq} : record_(seq);
  }

 private:
  std::uint64_t keys_;
  keyed_generator record_;
};

// ---- gaps

/// The gaps of all tasks of a run, in checkpoint windows and outside.
struct run_gaps {
  explicit run_gaps(std::size_t capacity) : all(capacity), inside(capacity), outside(capacity) {}
  latency_samples all;
  latency_samples inside;
  latency_samples outside;
  std::vector<double> longest_us;  ///< of each window in which the task was measured
};

void add_gaps(const task_notes& notes, run_gaps& into) {
  auto window = notes.windows.begin();
  std::int64_t longest = 0;
  const auto leave_window = [&] {
    if (longest > 0) into.longest_us.push_back(static_cast<double>(longest) / 1e3);
    longest = 0;
    ++window;
  };
  for (std::size_t i = 1; i < notes.size; ++i) {
    const std::int64_t begin = notes.times[i - 1];
    const std::int64_t end = notes.times[i];
    while (window != notes.windows.end() && window->end_ns < begin) leave_window();
    const bool inside = window != notes.windows.end() && window->begin_ns <= end;
    const auto gap = static_cast<std::uint64_t>(end - begin);
    into.all.add(gap);
    (inside ? into.inside : into.outside).add(gap);
    if (inside) longest = std::max(longest, end - begin);
  }
  if (window != notes.windows.end()) leave_window();
}

// ---- runs and lines

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
  std::vector<std::vector<double>> inside;
  std::vector<std::vector<double>> outside;
  std::vector<double> longest_us;
  unsigned runs = 0;
  unsigned voided = 0;
};

std::vector<double> medians_of(const std::vector<std::vector<double>>& rows) {
  std::vector<double> medians;
  for (std::size_t i = 0; i < std::size(percents); ++i) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[i]);
    medians.push_back(spread_of(values).median);
  }
  return medians;
}

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
    const auto notes = std::make_shared<all_notes>(options_.parallelism);
    const double foreign_share = run_job(of.interval, notes);
    std::size_t capacity = 0;
    for (const task_notes& each : notes->of) capacity += each.size;
    run_gaps gaps(capacity);
    for (task_notes& each : notes->of) add_gaps(closed(each), gaps);
    const bool is_void = foreign_share > foreign_share_max;
    (is_void ? of.voided : of.runs) += 1;
    json_line line = begin_line("run", of);
    add(line, "", percentiles(gaps.all));
    if (gaps.inside.size() > 0) add(line, "in_checkpoint_", percentiles(gaps.inside));
    if (gaps.inside.size() > 0) add(line, "outside_", percentiles(gaps.outside));
    line.field("checkpoints", gaps.longest_us.size() / options_.parallelism)
        .field("longest_in_checkpoint_us", spread_of(gaps.longest_us).median)
        .field("mrec_s", static_cast<double>(capacity * records_per_note) / options_.seconds / 1e6);
    print(line.field("foreign_share", foreign_share).field("void", is_void));
    if (is_void) return;
    of.all.push_back(percentiles(gaps.all));
    of.inside.push_back(percentiles(gaps.inside));
    of.outside.push_back(percentiles(gaps.outside));
    of.longest_us.insert(of.longest_us.end(), gaps.longest_us.begin(), gaps.longest_us.end());
  }

  /// Runs until all keys are in, then for the time to measure; the foreign share of that.
  double run_job(std::chrono::milliseconds interval, const std::shared_ptr<all_notes>& notes) {
    const scratch_state scratch;
    environment env("pause");
    env.set("state.dir", scratch.state_dir());
    env.set("parallelism.default", std::to_string(options_.parallelism));
    env.set("execution.checkpointing.interval", std::to_string(interval.count()) + " ms");
    const auto filled = std::make_shared<std::atomic<bool>>(false);
    const auto numbers = generate(
        [record = filling_generator(keys_), filled, enough = 2 * keys_](std::uint64_t seq) {
          if (seq == enough) [[unlikely]]
            *filled = true;
          return record(seq);
        });
    env.from("numbers", options_.rate > 0 ? numbers.rate(options_.rate) : numbers)
        .key_by([](const keyed_record& record) -> const std::uint64_t& { return record.key; })
        .process<count_and_note>("count", notes)
        .to("markers", marker_sink(notes));
    auto running = env.execute();
    if (!running) throw std::runtime_error(running.error().text());
    wait_until_filled(*running, *filled);
    const machine_load load;
    for (task_notes& each : notes->of) each.measuring = true;
    std::this_thread::sleep_for(std::chrono::duration<double>(options_.seconds));
    for (task_notes& each : notes->of) each.measuring = false;
    const double foreign_share = load.foreign_share();
    running->cancel();
    running->wait();
    return foreign_share;
  }

  static void wait_until_filled(job& running, const std::atomic<bool>& filled) {
    const stopwatch watch;
    while (!filled) {
      const job_report report = running.status();
      if (report.failure) throw std::runtime_error(report.failure->text());
      if (watch.elapsed().wall_s > fill_s_max) throw std::runtime_error("the keys take too long");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  /// A window that never closed lasts until the end.
  static const task_notes& closed(task_notes& notes) {
    for (checkpoint_window& each : notes.windows) {
      if (each.end_ns == 0) each.end_ns = steady_ns();
    }
    return notes;
  }

  void print_summary(const side& of) const {
    json_line line = begin_line("summary", of);
    add(line, "", medians_of(of.all));
    if (of.interval.count() > 0) {
      add(line, "in_checkpoint_", medians_of(of.inside));
      add(line, "outside_", medians_of(of.outside));
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
