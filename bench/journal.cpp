// SPDX-License-Identifier: Apache-2.0
// journal: what a journal on disk costs a socket source: lines a second with and without it, in turn; and what it adds to
// the time of a line from the moment at which the schedule makes it due to the sink, beside a loop that does nothing but
// append and sync. One JSON line a run, and one with the medians of each measure. Exit codes: 0 done, 1 failed or wrong sum, 2 usage.
#include <charconv>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/hand/group_commit.hpp"
#include "bench/latency_run.hpp"
#include "bench/line_peer.hpp"
#include "bench/machine_load.hpp"
#include "bench/scratch_state.hpp"
#include "bench/work_sum_codec.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

struct journal_bench_options {
  std::uint64_t lines = 10'000'000;
  unsigned line_bytes = 60;
  double rate = 100'000;
  double seconds = 10;
  double warm_up = 2;
  unsigned runs = 3;
  double delay_ms = 2;
};

std::uint64_t seq_of(std::string_view line) {
  std::uint64_t seq = 0;
  std::from_chars(line.data(), line.data() + line.size(), seq);
  return seq;
}

/// What the sink leaves behind, read after the job.
struct received {
  explicit received(const std::optional<open_loop>& of)
      : schedule(of), samples(of ? of->sample_count() : 0) {}
  std::optional<open_loop> schedule;
  latency_samples samples;
  work_sum sum;
};

std::chrono::microseconds sync_delay_of(const journal_bench_options& options) {
  return std::chrono::microseconds(static_cast<long>(options.delay_ms * 1e3));
}

latency_run run_job(bool with_journal, const journal_bench_options& options,
                    const std::optional<open_loop>& schedule) {
  latency_run result;
  const scratch_state scratch;
  const auto into = std::make_shared<received>(schedule);
  const line_peer peer({options.lines, options.line_bytes, with_journal, schedule});
  socket_lines_options socket;
  socket.host = "127.0.0.1";
  socket.port = peer.port();
  socket.reconnect = false;
  journal_options journal;
  journal.with_peer = handshake::required;
  journal.sync_delay = sync_delay_of(options);

  environment env("journal");
  env.set("state.dir", scratch.state_dir());
  env.set("execution.checkpointing.interval", "1 s");
  const auto fold_line = [to = into.get()](work_sum& sum, std::string_view line) {
    const std::uint64_t seq = seq_of(line);
    ++sum.records;
    sum.sum += seq;
    if (to->schedule) to->schedule->arrived(seq, to->samples);
  };
  const auto sink =
      fold_sink(work_sum{}, fold_line, [into](const work_sum& sum) { into->sum = sum; });
  if (with_journal) {
    env.from("lines", journaled(socket_lines(socket), journal)).to("sum", sink);
  } else {
    env.from("lines", socket_lines(socket)).to("sum", sink);
  }
  const stopwatch watch;
  auto running = env.execute();
  if (!running) throw std::runtime_error(running.error().text());
  const job_report report = running->wait();
  result.cost = watch.elapsed();
  if (report.state != job_state::finished) {
    throw std::runtime_error(report.failure ? report.failure->text() : "did not finish");
  }
  result.samples.merge(into->samples);
  result.found = into->sum;
  return result;
}

/// Whose delays are measured.
enum delay_side : std::uint8_t { without_journal, with_journal, bare_disk };
constexpr const char* delay_sides[] = {"plain", "journal", "bare-disk"};

class journal_benchmark {
 public:
  explicit journal_benchmark(const journal_bench_options& options) : options_(options) {}

  int run() {
    for (unsigned i = 0; i < options_.runs; ++i) {
      for (const bool journaled : {false, true}) measure_rate(journaled);
    }
    for (unsigned i = 0; i < options_.runs; ++i) {
      for (const auto side : {without_journal, with_journal, bare_disk}) measure_delay(side);
    }
    print(json_line()
              .field("line", "summary")
              .field("lines_s", spread_of(rates_[0]).median)
              .field("lines_s_journal", spread_of(rates_[1]).median)
              .field("ratio", spread_of(rates_[1]).median / spread_of(rates_[0]).median)
              .field("p99_ms", p99(without_journal))
              .field("p99_ms_journal", p99(with_journal))
              .field("p99_ms_bare_disk", p99(bare_disk))
              .field("added_p99_ms", p99(with_journal) - p99(without_journal))
              .field("beyond_disk_p99_ms", p99(with_journal) - p99(bare_disk))
              .field("sum_ok", sums_ok_));
    return sums_ok_ ? 0 : 1;
  }

 private:
  double p99(delay_side side) const { return spread_of(p99_[side]).median; }
  bool right(const latency_run& of, std::uint64_t lines) {
    const bool ok = of.found.records == lines && of.found.sum == lines * (lines - 1) / 2;
    sums_ok_ = sums_ok_ && ok;
    return ok;
  }
  void measure_rate(bool journaled) {
    const machine_load load;
    const latency_run result = run_job(journaled, options_, std::nullopt);
    const double rate = static_cast<double>(options_.lines) / result.cost.wall_s;
    rates_[journaled].push_back(rate);
    print(json_line()
              .field("line", "rate")
              .field("journal", journaled)
              .field("lines", options_.lines)
              .field("line_bytes", std::uint64_t{options_.line_bytes})
              .field("lines_s", rate)
              .field("mb_s", rate * options_.line_bytes / 1e6)
              .field("cpu_s", result.cost.cpu_s)
              .field("foreign_share", load.foreign_share())
              .field("sum_ok", right(result, options_.lines)));
  }
  void measure_delay(delay_side side) {
    open_loop schedule;
    schedule.rate = options_.rate;
    schedule.warm_up = std::chrono::duration<double>(options_.warm_up);
    schedule.measured = std::chrono::duration<double>(options_.seconds);
    schedule.start = open_loop::clock::now() + std::chrono::milliseconds(300);
    const machine_load load;
    latency_run result = side == bare_disk
                             ? group_commit(schedule, options_.line_bytes, sync_delay_of(options_))
                             : run_job(side == with_journal, options_, schedule);
    const bool sum_ok = side == bare_disk || right(result, schedule.records());
    const auto ms = [&](double percent) {
      return static_cast<double>(result.samples.percentile(percent)) / 1e6;
    };
    p99_[side].push_back(ms(99));
    print(json_line()
              .field("line", "delay")
              .field("side", delay_sides[side])
              .field("lines_s", options_.rate)
              .field("sync_delay_ms", options_.delay_ms)
              .field("p50_ms", ms(50))
              .field("p99_ms", ms(99))
              .field("p999_ms", ms(99.9))
              .field("max_ms", ms(100))
              .field("cpu_s", result.cost.cpu_s)
              .field("foreign_share", load.foreign_share())
              .field("sum_ok", sum_ok));
  }

  journal_bench_options options_;
  std::vector<double> rates_[2];
  std::vector<double> p99_[3];
  bool sums_ok_ = true;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"A socket source with a journal and without."};
  journal_bench_options options;
  app.add_option("--lines", options.lines, "of a run at full speed")
      ->check(CLI::Range(1'000.0, 1e10));
  app.add_option("--line-bytes", options.line_bytes, "with the LF")
      ->check(CLI::Range(24u, 65'536u));
  app.add_option("--rate", options.rate, "lines a second, when delays are measured")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "of each run by a schedule, after its warm-up")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--warmup", options.warm_up, "seconds before the first sample")
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--sync-delay-ms", options.delay_ms, "the journal's")->check(CLI::Range(0.0, 1e3));
  add_runs(app, options.runs);
  return run_program(app, argc, argv, [&] { return journal_benchmark(options).run(); });
}
