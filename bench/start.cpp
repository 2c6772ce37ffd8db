// SPDX-License-Identifier: Apache-2.0
// start: how long a job takes from execute() to its first record at a sink, checkpointing on: a fresh one, and one that goes
// on from a checkpoint. One JSON line a run, and one with the medians. Exit codes: 0 done, 1 failed, 2 usage.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/json_line.hpp"
#include "bench/measure.hpp"
#include "bench/scratch_state.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

using clock = std::chrono::steady_clock;

struct count_seen final : keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  value_state<std::uint64_t> seen{*this, "seen", 0};
  void process(const std::uint64_t& record, context&, collector<std::uint64_t>& out) override {
    seen.update(seen.value() + 1);
    out.emit(record);
  }
};

/// Milliseconds from execute() to the first record at a sink. The job is cancelled after its first checkpoint.
double start_ms(const scratch_state& state, unsigned parallelism, std::uint64_t keys) {
  auto first = std::make_shared<std::atomic<clock::rep>>(0);
  environment env("start");
  env.set("state.dir", state.state_dir())
      .set("parallelism.default", std::to_string(parallelism))
      .set("execution.checkpointing.interval", "1 s");
  env.from("numbers", generate([](std::uint64_t seq) { return seq; }).rate(1'000'000))
      .key_by([keys](const std::uint64_t& n) { return n % keys; })
      .process<count_seen>("count")
      .to("out", callback_sink([first](const std::uint64_t&) {
            if (first->load(std::memory_order_relaxed) == 0)
              *first = clock::now().time_since_epoch().count();
          }));
  const auto begin = clock::now();
  auto running = env.execute();
  if (!running) throw std::runtime_error(running.error().text());
  const auto taken = running->checkpoint().wait();
  if (!taken) throw std::runtime_error(taken.error().text());
  running->cancel();
  running->wait();
  const clock::time_point reached{clock::duration(first->load())};
  return std::chrono::duration<double, std::milli>(reached - begin).count();
}

void measure(unsigned runs, unsigned parallelism, std::uint64_t keys) {
  std::vector<std::vector<double>> rows;
  for (unsigned i = 0; i < runs; ++i) {
    const scratch_state state;
    const double fresh = start_ms(state, parallelism, keys);
    const double resumed = start_ms(state, parallelism, keys);
    rows.push_back({fresh, resumed});
    print(json_line().field("line", "run").field("fresh_ms", fresh).field("resumed_ms", resumed));
  }
  const auto medians = medians_of(rows, 2);
  print(json_line()
            .field("line", "summary")
            .field("fresh_ms", medians[0])
            .field("resumed_ms", medians[1]));
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  CLI::App app{"From execute() to the first record at a sink."};
  unsigned runs = 15;
  unsigned parallelism = 2;
  std::uint64_t keys = 10'000;
  add_runs(app, runs);
  add_parallelism(app, parallelism);
  add_keys(app, keys);
  return run_program(app, argc, argv, [&] {
    measure(runs, parallelism, keys);
    return 0;
  });
}
