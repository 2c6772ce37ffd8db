// SPDX-License-Identifier: Apache-2.0
// victim is one process that the crash tests start, watch and kill. Its log (what it prints) goes to a file.
//
// Owner:      one test; not thread safe.
// Invariants: the process is gone when the destructor returns, however the test ends.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir::crash {

using std::chrono::milliseconds;

/// How long a test waits for what must happen, on the slowest machine.
inline constexpr std::chrono::seconds patience{60};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::size_t times(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

class victim {
 public:
  /// Starts a program with these arguments; the log file is written anew.
  victim(const std::vector<std::string>& arguments, std::filesystem::path log,
         const std::string& program = WEIR_VICTIM)
      : log_(std::move(log)) {
    const int out = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (out < 0) throw std::runtime_error("cannot write " + log_.string());
    std::vector<std::string> texts{program};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& text : texts) argv.push_back(text.data());
    argv.push_back(nullptr);
    id_ = fork();
    if (id_ == 0) {
      dup2(out, STDERR_FILENO);
      dup2(out, STDOUT_FILENO);
      setenv("WEIR_LOG", "info",
             1);  // tests read its log, whatever the user wants to see of his own
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out);
    if (id_ < 0) throw std::runtime_error("cannot fork");
  }
  ~victim() {
    if (running()) kill_9();
  }
  victim(const victim&) = delete;
  victim& operator=(const victim&) = delete;

  pid_t id() const { return id_; }
  void send(int signal) {
    if (running()) kill(id_, signal);
  }
  bool running() {
    if (!status_) {
      int status = 0;
      if (waitpid(id_, &status, WNOHANG) == id_) status_ = status;
    }
    return !status_;
  }
  /// kill -9. True when it hit a living process.
  bool kill_9() {
    if (running()) {
      kill(id_, SIGKILL);
      int status = 0;
      waitpid(id_, &status, 0);
      status_ = status;
    }
    return WIFSIGNALED(*status_) && WTERMSIG(*status_) == SIGKILL;
  }
  /// The exit code; -1 when it was ended by a signal or did not end in time.
  int wait() {
    wait_until([] { return false; });
    if (!status_ || !WIFEXITED(*status_)) return -1;
    return WEXITSTATUS(*status_);
  }
  /// Waits until the log holds the text so many times. False when the process ends first.
  bool wait_for(std::string_view text, std::size_t count = 1) {
    return wait_until([&] { return times(log(), text) >= count; });
  }
  /// Waits until this is true. False when the process ends first, or never ends.
  template <class Condition>
  bool wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition()) return true;
      if (!running()) return condition();
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }

  std::string log() const { return read_file(log_); }

 private:
  std::filesystem::path log_;
  pid_t id_ = -1;
  std::optional<int> status_;  // of waitpid, once it has ended
};

}  // namespace weir::crash
