// SPDX-License-Identifier: Apache-2.0
#include "coordinator/watchdog.hpp"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "common/duration.hpp"
#include "common/process_memory.hpp"
#include "common/thread_without_signals.hpp"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Ten looks a second see memory grow by some hundred megabytes at most in between, and cost nothing.
constexpr nanoseconds period_max = milliseconds(100);
constexpr int looks_per_hang = 8;
/// The job may take that long to give memory back after it was failed.
constexpr std::chrono::seconds memory_patience{5};
constexpr milliseconds stack_patience{1000};
/// Reporting takes no longer, unless what hangs holds a lock that reporting needs.
constexpr std::chrono::seconds report_patience{10};

nanoseconds period_of(const watchdog_settings& settings) {
  if (settings.hang_timeout.count() == 0) return period_max;
  return std::min(settings.hang_timeout / looks_per_hang, period_max);
}

std::uint32_t looks_in(nanoseconds time, nanoseconds period) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(time / period, UINT32_MAX));
}

/// The kernel kills the process after this time, whatever its threads do.
void end_process_at_last(std::chrono::seconds after) {
  sigevent kill{};
  kill.sigev_notify = SIGEV_SIGNAL;
  kill.sigev_signo = SIGKILL;
  timer_t timer{};
  if (timer_create(CLOCK_MONOTONIC, &kill, &timer) != 0) return;
  itimerspec once{};
  once.it_value.tv_sec = after.count();
  timer_settime(timer, 0, &once, nullptr);
}

}  // namespace

watchdog::watchdog(watchdog_options options)
    : options_(std::move(options)),
      period_(period_of(options_.settings)),
      log_(log_layer::coordinator, {.job = options_.job}),
      hangs_(options_.pulses->size(), looks_in(options_.settings.hang_timeout, period_)),
      memory_(options_.settings.memory_bytes, looks_in(memory_patience, period_)) {
  if (options_.settings.off()) return;
  thread_ = thread_without_signals([this] { run(); });
}

watchdog::~watchdog() {
  {
    const std::lock_guard hold(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void watchdog::run() {
  std::unique_lock hold(mutex_);
  while (!stopped_.wait_for(hold, period_, [this] { return stop_; })) {
    if (options_.settings.hang_timeout.count() != 0) look_for_hangs();
    if (options_.settings.memory_bytes != 0) look_at_memory();
  }
}

void watchdog::look_for_hangs() {
  for (std::size_t task = 0; task < options_.pulses->size(); ++task) {
    const pulse_word word = (*options_.pulses)[task].word();
    const pulse_verdict verdict = hangs_.on_look(task, word);
    if (verdict == pulse_verdict::hangs) on_hang(task, word.thread());
    if (verdict == pulse_verdict::slow) {
      log_.with({.job = options_.job, .task = options_.task_names[task]})
          .warn("task has held its thread for " +
                print_rounded(options_.settings.hang_timeout / 2) +
                " without finishing a batch; after task.hang.timeout = " +
                print_duration(options_.settings.hang_timeout) + " the process ends");
    }
  }
}

void watchdog::on_hang(std::size_t task, pid_t thread) {
  end_process_at_last(report_patience);
  const logger log = log_.with({.job = options_.job, .task = options_.task_names[task]});
  log.error("task hangs: it has held its thread for task.hang.timeout = " +
            print_duration(options_.settings.hang_timeout) +
            " without finishing a batch; the process ends with exit code " +
            std::to_string(hang_exit_code) + ", to be started again from the last checkpoint");
  const auto lines = stacks_.lines_of(thread, stack_patience);
  if (lines.empty()) log.error("its stack cannot be told: the thread does not answer signals");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    log.error("  #" + std::to_string(i) + " " + lines[i]);
  }
  options_.end_process(hang_exit_code);
}

void watchdog::look_at_memory() {
  const std::uint64_t bytes = private_memory_bytes();
  const memory_verdict verdict = memory_.on_look(bytes);
  if (verdict == memory_verdict::fine) return;
  std::vector<state_size> sizes;
  for (const auto& pulse : *options_.pulses) {
    const auto of_task = pulse.sizes();
    sizes.insert(sizes.end(), of_task.begin(), of_task.end());
  }
  const std::string text = memory_.describe(bytes, sizes);
  if (verdict == memory_verdict::fail) return options_.fail_job({error_code::limit, text});
  log_.error("the failed job does not give its memory back, the process ends: " + text);
  options_.end_process(memory_exit_code);
}

}  // namespace weir
