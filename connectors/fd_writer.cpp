// SPDX-License-Identifier: Apache-2.0
#include "connectors/fd_writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <string>

#include "connectors/os_error.hpp"

namespace weir {

namespace {

/// Keeps a SIGPIPE of this thread's writes from ending the process, without changing what the
/// process does about the signal.
class sigpipe_hold {
 public:
  sigpipe_hold() {
    sigset_t pending;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    was_pending_ = ::sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  sigpipe_hold(const sigpipe_hold&) = delete;
  sigpipe_hold& operator=(const sigpipe_hold&) = delete;
  ~sigpipe_hold() {
    const timespec at_once{0, 0};
    while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

/// How much of `lines` goes out next: whole lines up to PIPE_BUF bytes, or that much of a longer
/// one.
std::size_t piece_size(std::string_view lines) {
  if (lines.size() <= PIPE_BUF) return lines.size();
  const std::size_t newline = lines.rfind('\n', PIPE_BUF - 1);
  return newline == std::string_view::npos ? PIPE_BUF : newline + 1;
}

bool is_regular(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

}  // namespace

fd_writer::fd_writer(int fd, std::string_view name)
    : fd_(fd), name_(name), regular_(is_regular(fd)) {}

result<void> fd_writer::write(std::string_view lines) {
  const sigpipe_hold hold;
  while (!lines.empty() && !stop_.raised()) {
    const std::size_t size = regular_ ? lines.size() : piece_size(lines);
    if (auto written = write_piece(lines.substr(0, size)); !written) return written;
    lines.remove_prefix(size);
  }
  return {};
}

result<void> fd_writer::write_piece(std::string_view piece) {
  while (!piece.empty()) {
    const auto room = wait_for_room();
    if (!room) return room.error();
    if (!*room) return {};
    const ssize_t put = ::write(fd_, piece.data(), piece.size());
    if (put >= 0) {
      piece.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno != EINTR && errno != EAGAIN) {
      return os_error(errno, "cannot write to " + std::string(name_));
    }
  }
  return {};
}

/// False when stop() came first.
result<bool> fd_writer::wait_for_room() const {
  pollfd fds[2] = {{fd_, POLLOUT, 0}, {stop_.fd(), POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0) {
    if (errno != EINTR) return os_error(errno, "cannot wait for " + std::string(name_));
  }
  return fds[1].revents == 0;
}

}  // namespace weir
