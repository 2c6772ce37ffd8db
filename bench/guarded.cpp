// SPDX-License-Identifier: Apache-2.0
// guarded: kill -9 of the process of a keyed count under `run --guard`, and how long its sinks see nothing. The program
// starts itself as that guarded job; both sides meet in one page of shared memory. One JSON line a kill, and one with the
// medians. Exit codes: 0 done, 1 failed or a record came without its state, 2 usage.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/machine_load.hpp"
#include "bench/measure.hpp"
#include "bench/scratch_state.hpp"
#include "bench/steady_ns.hpp"
#include "bench/works.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

/// What the guarded process tells the one that kills it. Zero when it starts.
struct shared_page {
  std::atomic<std::int64_t> process;    // its number
  std::atomic<std::int64_t> main_ns;    // when its main() began
  std::atomic<std::uint64_t> records;   // at sink 0, rounded down
  std::atomic<std::uint64_t> restored;  // sinks whose first record found its key in the state
  std::array<std::atomic<std::int64_t>, parallelism_max> first_ns;  // first record, by sink

  static shared_page* map(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(shared_page)) != 0) {
      throw std::runtime_error("cannot make " + path);
    }
    void* at = mmap(nullptr, sizeof(shared_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (at == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    return static_cast<shared_page*>(at);
  }
};

// ---- the guarded job

struct counted {
  std::uint64_t count = 0;
  std::uint32_t subtask = 0;
};

struct count_keys final : keyed_process<std::uint64_t, keyed_record, counted> {
  value_state<std::uint64_t> seen{*this, "seen", 0};
  std::uint32_t subtask = 0;

  void open(const subtask_info& where) override { subtask = where.index; }
  void process(const keyed_record&, context&, collector<counted>& out) override {
    seen.update(seen.value() + 1);
    out.emit({seen.value(), subtask});
  }
};

void on_record(shared_page& page, std::uint64_t& records, const counted& record) {
  if (records++ == 0) {
    page.restored += record.count > 1;
    page.first_ns[record.subtask].store(steady_ns());
  }
  if (record.subtask == 0 && records % 1024 == 0) page.records.store(records);
}

int run_job(int argc, char** argv) {
  std::string page_path;
  std::string keys;
  std::string rate;
  const auto began = steady_ns();
  weir::program program("guarded", "The job that the benchmark kills.");
  program.option("--page", page_path, "shared with the benchmark")
      .option("--keys", keys, "number of keys")
      .option("--rate", rate, "records a second");
  return program.main(argc, argv, [&](environment& env) -> result<void> {
    shared_page* page = shared_page::map(page_path);
    page->main_ns = began;
    page->process = getpid();
    const keyed_generator generator(std::strtoull(keys.c_str(), nullptr, 10));
    env.from("numbers", generate(generator).rate(std::strtod(rate.c_str(), nullptr)))
        .key_by([](const keyed_record& record) -> const std::uint64_t& { return record.key; })
        .process<count_keys>("count")
        .to("arrive",
            callback_sink([page, records = std::uint64_t{0}](const counted& record) mutable {
              on_record(*page, records, record);
            }));
    return {};
  });
}

// ---- the benchmark

struct guarded_options {
  double rate = 2e6;
  std::uint64_t keys = 1'000'000;
  unsigned parallelism = 2;
  unsigned runs = 5;
  std::chrono::milliseconds interval{1000};
};

constexpr const char* measure_names[] = {"main_ms", "first_record_ms", "every_sink_ms"};

class guarded_benchmark {
 public:
  explicit guarded_benchmark(const guarded_options& options)
      : options_(options), page_(shared_page::map(scratch_.state_dir() + ".page")) {}
  ~guarded_benchmark() {
    if (guard_ <= 0) return;
    kill(guard_, SIGTERM);
    waitpid(guard_, nullptr, 0);
  }

  int run() {
    foreign_share_ = share_of_others();
    start_guard();
    // Each key has been counted, and a checkpoint has all of them.
    wait_until([&] {
      return page_->records.load() * options_.parallelism > 8 * options_.keys && every_sink_runs();
    });
    std::this_thread::sleep_for(2 * options_.interval);
    for (unsigned i = 0; i < options_.runs; ++i) judge(i);
    print_summary();
    return all_ok_ ? 0 : 1;
  }

 private:
  /// Before anything of ours runs: the job is other processes, too.
  static double share_of_others() {
    const machine_load load;
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return load.foreign_share();
  }
  bool is_void() const { return foreign_share_ > foreign_share_max; }

  bool every_sink_runs() const {
    for (unsigned i = 0; i < options_.parallelism; ++i) {
      if (page_->first_ns[i].load() == 0) return false;
    }
    return true;
  }

  template <class Condition>
  void wait_until(Condition condition) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!condition()) {
      if (waitpid(guard_, nullptr, WNOHANG) != 0) throw std::runtime_error("the guard has ended");
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no records");
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  void start_guard() {
    std::vector<std::string> texts{"guarded",
                                   "run",
                                   "--guard",
                                   "--page",
                                   scratch_.state_dir() + ".page",
                                   "--keys",
                                   std::to_string(options_.keys),
                                   "--rate",
                                   std::to_string(options_.rate)};
    for (
        const auto& setting :
        {"state.dir=" + scratch_.state_dir(),
         "parallelism.default=" + std::to_string(options_.parallelism),
         "execution.checkpointing.interval=" + std::to_string(options_.interval.count()) + " ms",
         // Every kill meets a guard that starts at once, as it does after the first of its crashes.
         std::string("guard.restart.reset-threshold=1 ms")}) {
      texts.insert(texts.end(), {"-D", setting});
    }
    std::vector<char*> argv;
    for (auto& text : texts) argv.push_back(text.data());
    argv.push_back(nullptr);
    guard_ = fork();
    if (guard_ < 0) throw std::runtime_error("cannot fork");
    if (guard_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }

  /// The kills fall into different parts of an epoch, evenly.
  void judge(unsigned number) {
    std::this_thread::sleep_for(2 * options_.interval +
                                options_.interval * number / std::max(options_.runs, 1u));
    const auto victim = page_->process.load();
    page_->process = 0;
    page_->restored = 0;
    const std::int64_t killed_ns = steady_ns();
    if (kill(static_cast<pid_t>(victim), SIGKILL) != 0) throw std::runtime_error("nobody to kill");
    // The new process begins after the old one is gone, so it cannot have written yet what is cleared here.
    wait_until([&] { return page_->process.load() != 0 && page_->main_ns.load() > killed_ns; });
    wait_until([&] { return sinks_since(killed_ns).size() == options_.parallelism; });
    const auto sinks = sinks_since(killed_ns);
    const auto ms = [&](std::int64_t at) { return static_cast<double>(at - killed_ns) / 1e6; };
    const std::vector<double> values{ms(page_->main_ns.load()),
                                     ms(*std::min_element(sinks.begin(), sinks.end())),
                                     ms(*std::max_element(sinks.begin(), sinks.end()))};
    const bool ok = page_->restored.load() == options_.parallelism;
    all_ok_ = all_ok_ && ok;
    json_line line = begin_line("run", values);
    print(line.field("store_bytes", scratch_.bytes())
              .field("foreign_share", foreign_share_)
              .field("restored", ok)
              .field("void", is_void()));
    rows_.push_back(values);
  }

  std::vector<std::int64_t> sinks_since(std::int64_t time) const {
    std::vector<std::int64_t> all;
    for (unsigned i = 0; i < options_.parallelism; ++i) {
      if (const auto first = page_->first_ns[i].load(); first > time) all.push_back(first);
    }
    return all;
  }

  void print_summary() const {
    json_line line = begin_line("summary", medians_of(rows_, std::size(measure_names)));
    print(line.field("runs", rows_.size()).field("restored", all_ok_).field("void", is_void()));
  }

  json_line begin_line(const char* kind, const std::vector<double>& values) const {
    json_line line;
    line.field("line", kind)
        .field("keys", options_.keys)
        .field("parallelism", options_.parallelism)
        .field("interval_ms", static_cast<std::uint64_t>(options_.interval.count()))
        .field("rate_mrec_s", options_.rate / 1e6)
        .field("state_bytes", options_.keys * 2 * sizeof(std::uint64_t));
    for (std::size_t i = 0; i < values.size(); ++i) line.field(measure_names[i], values[i]);
    return line;
  }

  guarded_options options_;
  scratch_state scratch_;
  shared_page* page_;
  pid_t guard_ = -1;
  std::vector<std::vector<double>> rows_;
  double foreign_share_ = 0;
  bool all_ok_ = true;
};

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  if (argc > 1 && std::string(argv[1]) == "run") return run_job(argc, argv);
  CLI::App app{"How long records stand still after kill -9 of a process under a guard."};
  guarded_options options;
  app.add_option("--rate", options.rate, "records a second")->check(CLI::PositiveNumber);
  add_keys(app, options.keys);
  add_parallelism(app, options.parallelism);
  add_runs(app, options.runs);
  add_duration(app, "--interval", options.interval, "between checkpoints");
  return run_program(app, argc, argv, [&] { return guarded_benchmark(options).run(); });
}
