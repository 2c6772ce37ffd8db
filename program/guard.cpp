// SPDX-License-Identifier: Apache-2.0
#include "program/guard.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "common/duration.hpp"
#include "common/log.hpp"
#include "common/status_line.hpp"
#include "connectors/unique_fd.hpp"
#include "program/guard_link.hpp"
#include "program/guard_policy.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int exit_no_exec = 127;

/// The signals that end a program, and SIGCHLD, blocked while it lives: they are waited for.
class signal_mask {
 public:
  signal_mask() {
    signal(
        SIGCHLD,
        SIG_DFL);  // whoever started us may have ignored it; then there would be nothing to wait for
    sigemptyset(&watched_);
    sigaddset(&watched_, SIGCHLD);
    for (const int number : ending_signals) {
      if (number != SIGHUP || !hangup_is_ignored()) sigaddset(&watched_, number);
    }
    sigprocmask(SIG_BLOCK, &watched_, &before_);
  }
  ~signal_mask() { restore(); }
  signal_mask(const signal_mask&) = delete;
  signal_mask& operator=(const signal_mask&) = delete;

  void restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  /// The next signal; none when the deadline passes first.
  std::optional<siginfo_t> next(std::optional<clock::time_point> deadline = {}) const {
    for (;;) {
      siginfo_t what{};
      timespec rest{};
      if (deadline) {
        const auto left = std::max(*deadline - clock::now(), clock::duration::zero());
        rest.tv_sec = left / std::chrono::seconds(1);
        rest.tv_nsec = (left % std::chrono::seconds(1)).count();
      }
      const int number =
          deadline ? sigtimedwait(&watched_, &what, &rest) : sigwaitinfo(&watched_, &what);
      if (number > 0) return what;
      if (errno == EAGAIN && deadline) return {};
    }
  }

 private:
  /// nohup: the program is to outlive its terminal.
  static bool hangup_is_ignored() {
    struct sigaction now {};
    return sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
  }
  sigset_t watched_{};
  sigset_t before_{};
};

class process_guard {
 public:
  process_guard(const std::string& name, const guard_settings& settings,
                const std::vector<std::string>& arguments)
      : settings_(settings),
        arguments_(arguments),
        policy_(settings),
        log_(log_layer::program, {.job = name}) {}

  int run() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return give_up_on("a pipe");
    from_child_ = unique_fd(ends[0]);
    to_guard_ = unique_fd(ends[1]);
    for (;;) {
      const auto started = clock::now();
      const pid_t child = start();
      if (child < 0) return give_up_on("a process");
      log_.info("guard: started process " + std::to_string(child));
      const process_end end = wait_for(child);
      const auto ran_for = clock::now() - started;
      if (end.is_crash()) erase_left_status_line();
      if (refuses_repeated_start(end)) continue;
      const auto decision = policy_.on_process_end(end, ran_for);
      const std::string story = "guard: process " + std::to_string(child) + " " + end.text() +
                                " after " + print_rounded(ran_for);
      if (const auto* over = std::get_if<end_guard>(&decision)) return conclude(*over, story);
      if (!wait_to_start(std::get<start_again>(decision), story)) {
        return 128 + *policy_.end_requested();
      }
    }
  }

 private:
  /// Where to begin was accepted at the first start. When it is refused to a restart, this run has released output since
  /// (P18) and died before it could say so: there is a checkpoint of its own to resume from.
  bool refuses_repeated_start(const process_end& end) {
    const bool repeated =
        starts_ > 1 && !resumable_ &&
        arguments_of_start(arguments_, true) != arguments_of_start(arguments_, false);
    const bool refused = end.how == process_end::kind::exited && end.number == exit_refused;
    if (!repeated || !refused || policy_.end_requested()) return false;
    log_.info("guard: this run has a checkpoint of its own by now: resuming from it");
    return resumable_ = true;
  }

  int give_up_on(const std::string& what) const {
    log_.error("guard: cannot make " + what + ": " + std::strerror(errno));
    return exit_failed;
  }

  int conclude(const end_guard& over, const std::string& story) const {
    if (!over.reason.empty()) log_.error(story + ": not starting again: " + over.reason);
    return over.exit_code;
  }

  /// False when the end was asked for meanwhile.
  bool wait_to_start(const start_again& what, const std::string& story) {
    const bool at_once = what.delay.count() == 0;
    log_.warn(story + ": starting again " +
              (at_once ? std::string("at once") : "in " + print_duration(what.delay)) +
              ", attempt " + std::to_string(what.attempt) + " of " +
              std::to_string(settings_.attempts));
    const auto deadline = clock::now() + what.delay;
    while (const auto got = signals_.next(deadline)) {
      if (got->si_signo == SIGCHLD) continue;
      policy_.on_end_requested(got->si_signo);
      log_.info("guard: " + signal_text(got->si_signo) + " while waiting to start again: ending");
      return false;
    }
    return true;
  }

  static std::string signal_text(int number) { return "SIG" + std::string(sigabbrev_np(number)); }

  pid_t start() {
    char mark = 0;
    resumable_ = resumable_ || read(from_child_.get(), &mark, 1) == 1;
    const auto texts = arguments_of_start(arguments_, resumable_);
    const std::string link = std::to_string(to_guard_.get());
    ++starts_;
    const pid_t guard = getpid();
    const pid_t child = fork();
    if (child == 0) become_child(guard, texts, link);
    return child;
  }

  [[noreturn]] void become_child(pid_t guard, std::vector<std::string> texts,
                                 const std::string& link) {
    // A guard that died before this call sends no signal; then someone else is the parent by now.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard) _exit(exit_failed);
    fcntl(to_guard_.get(), F_SETFD, 0);
    setenv(guard_link::variable, link.c_str(), 1);
    std::vector<char*> argv;
    for (auto& text : texts) argv.push_back(text.data());
    argv.push_back(nullptr);
    signals_.restore();
    execv("/proc/self/exe", argv.data());
    log_.error(std::string("guard: cannot start /proc/self/exe: ") + std::strerror(errno));
    _exit(exit_no_exec);
  }

  process_end wait_for(pid_t child) {
    for (;;) {
      const auto got = signals_.next();
      if (got->si_signo == SIGCHLD) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) != child) continue;
        if (WIFEXITED(status)) return {process_end::kind::exited, WEXITSTATUS(status)};
        return {process_end::kind::signalled, WTERMSIG(status)};
      }
      policy_.on_end_requested(got->si_signo);
      // What the terminal sends, it has sent to the child, too.
      if (got->si_code != SI_KERNEL) kill(child, got->si_signo);
    }
  }

  guard_settings settings_;
  std::vector<std::string> arguments_;
  guard_policy policy_;
  logger log_;
  signal_mask signals_;
  unique_fd from_child_;
  unique_fd to_guard_;
  std::uint64_t starts_ = 0;
  bool resumable_ = false;
};

}  // namespace

int run_guarded(const std::string& name, const guard_settings& settings,
                const std::vector<std::string>& arguments) {
  return process_guard(name, settings, arguments).run();
}

}  // namespace weir
