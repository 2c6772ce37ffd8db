// SPDX-License-Identifier: Apache-2.0
// memory: what a job keeps resident: a tiny one, and a keyed count after some checkpoints, beside
// what is allowed. Each job runs in a process of its own. One JSON line a job. Exit codes: 0 done,
// 1 failed, 2 usage.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/command_line.hpp"
#include "bench/count_keys.hpp"
#include "bench/measure.hpp"
#include "bench/scratch_state.hpp"
#include "bench/works.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

constexpr double tiny_bytes_max = 25e6;
constexpr double state_factor_max = 2.5;

struct memory_options {
  std::uint64_t keys = 1'000'000;
  double rate = 0;  // 0: full speed
  double seconds = 6;
  unsigned parallelism = 2;
  std::chrono::milliseconds interval{1000};
};

struct job_kind {
  const char* name;
  std::uint64_t keys;
  double rate;  ///< 0: full speed
};

struct memory_found {
  memory_use before;  ///< of the process, before there is a job
  memory_use last;    ///< at the end of the run, the job still going on
  memory_use most;    ///< the largest seen
  job_report report;
  std::uint64_t store_bytes = 0;
};

memory_found run_job(const job_kind& kind, const memory_options& options) {
  memory_found found;
  found.before = process_memory();
  const scratch_state scratch;
  environment env("memory");
  env.set("state.dir", scratch.state_dir());
  env.set("parallelism.default", std::to_string(options.parallelism));
  env.set("execution.checkpointing.interval", std::to_string(options.interval.count()) + " ms");
  const auto numbers = generate(keyed_generator(kind.keys));
  env.from("numbers", kind.rate > 0 ? numbers.rate(kind.rate) : numbers)
      .key_by([](const keyed_record& record) -> const std::uint64_t& { return record.key; })
      .process<count_keys>("count")
      .to("drop", discard_sink());
  auto running = env.execute();
  if (!running) throw std::runtime_error(running.error().text());
  const stopwatch watch;
  while (watch.elapsed().wall_s < options.seconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    found.last = process_memory();
    found.most.resident_bytes = std::max(found.most.resident_bytes, found.last.resident_bytes);
    found.most.anon_bytes = std::max(found.most.anon_bytes, found.last.anon_bytes);
  }
  found.store_bytes = scratch.bytes();
  running->cancel();
  found.report = running->wait();
  if (found.report.failure) throw std::runtime_error(found.report.failure->text());
  return found;
}

void print_job(const job_kind& kind, const memory_options& options) {
  const memory_found found = run_job(kind, options);
  const std::uint64_t state_bytes = kind.keys * 2 * sizeof(std::uint64_t);
  const double allowed = tiny_bytes_max + state_factor_max * static_cast<double>(state_bytes);
  json_line line;
  print(line.field("line", "memory")
            .field("job", kind.name)
            .field("keys", kind.keys)
            .field("parallelism", options.parallelism)
            .field("state_bytes", state_bytes)
            .field("before_rss_bytes", found.before.resident_bytes)
            .field("before_anon_bytes", found.before.anon_bytes)
            .field("rss_bytes", found.last.resident_bytes)
            .field("anon_bytes", found.last.anon_bytes)
            .field("most_rss_bytes", found.most.resident_bytes)
            .field("most_anon_bytes", found.most.anon_bytes)
            .field("allowed_bytes", allowed)
            .field("rss_of_allowed", static_cast<double>(found.most.resident_bytes) / allowed)
            .field("checkpoints", found.report.checkpoints_completed)
            .field("store_bytes", found.store_bytes));
}

/// In a process of its own, so that no job sees the memory of one before it. Calls it with no other
/// thread running.
bool run_apart(const job_kind& kind, const memory_options& options) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    int code = 0;
    try {
      print_job(kind, options);
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "memory: %s: %s\n", kind.name, failure.what());
      code = 1;
    }
    _exit(code);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int run_all(const memory_options& options) {
  const bool tiny_ok = run_apart({"tiny", 100, 1000}, options);
  const bool keyed_ok = run_apart({"keyed-count", options.keys, options.rate}, options);
  return tiny_ok && keyed_ok ? 0 : 1;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"What a job keeps resident."};
  memory_options options;
  app.add_option("--rate", options.rate,
                 "records a second of the keyed count; without it, full speed")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "of each job")->check(CLI::Range(0.1, 3600.0));
  add_keys(app, options.keys);
  add_parallelism(app, options.parallelism);
  add_duration(app, "--interval", options.interval, "between checkpoints");
  return run_program(app, argc, argv, [&] { return run_all(options); });
}
