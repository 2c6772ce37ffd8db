// SPDX-License-Identifier: Apache-2.0
#include "program/live_status.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "common/log.hpp"
#include "common/status_line.hpp"
#include "common/thread_without_signals.hpp"

namespace weir {
namespace {

constexpr std::chrono::milliseconds line_pause{250};
constexpr std::chrono::seconds log_pause{10};
constexpr std::size_t usual_width = 80;

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual_width;
  return size.ws_col;
}

/// https://no-color.org: any value but the empty one.
bool no_colour() {
  const char* wish = std::getenv("NO_COLOR");
  return wish != nullptr && *wish != '\0';
}

bool prints(const plan& physical) {
  for (const auto& node : physical.logical->nodes) {
    if (node.kind == node_kind::sink && std::string_view(node.what).starts_with("print"))
      return true;
  }
  return false;
}

}  // namespace

live_mode live_mode_for(const plan& physical) {
  const bool crowded = isatty(STDOUT_FILENO) == 1 && prints(physical);
  return can_show_status_line() && !crowded ? live_mode::terminal : live_mode::log;
}

live_status::live_status(const job_controls& job, live_mode mode) : job_(job), mode_(mode) {
  const auto seen = job_.observe();
  name_ = seen.identity->name;
  output_ = outputs_of(*seen.identity->physical);
  thread_ = thread_without_signals([this] { run(); });
}

live_status::~live_status() {
  stop();
}

void live_status::end() {
  stop();
  logger(log_layer::program, {.job = name_})
      .info(last_words(rest::job_summary::of(job_.observe()), output_));
}

void live_status::run() {
  const std::chrono::nanoseconds pause =
      mode_ == live_mode::terminal ? std::chrono::nanoseconds(line_pause) : log_pause;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_.wait_for(lock, pause, [this] { return ended_; })) {
    lock.unlock();
    show();
    lock.lock();
  }
}

void live_status::show() {
  const auto now = rest::job_summary::of(job_.observe());
  if (mode_ == live_mode::terminal) {
    // The last column stays free: some terminals go to the next line there.
    set_status_line(
        live_line(now, terminal_width() - 1, no_colour() ? colours::none : colours::ansi));
    return;
  }
  logger(log_layer::program).info(live_line(now, std::string::npos, colours::none));
}

void live_status::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  thread_.join();
  if (mode_ == live_mode::terminal) set_status_line({});
}

}  // namespace weir
