// SPDX-License-Identifier: Apache-2.0
#include "state/state_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace weir {
namespace {

namespace fs = std::filesystem;

error io_error(const char* action, const fs::path& path, std::error_code why) {
  const auto code = why == std::errc::no_space_on_device ? error_code::no_space : error_code::io;
  return {code, std::string("cannot ") + action + " " + path.string() + ": " + why.message()};
}

error last_error(const char* action, const fs::path& path) {
  return io_error(action, path, std::error_code(errno, std::generic_category()));
}

/// Creates the missing directories down to `path`, each durable in its parent.
result<void> create_durably(const fs::path& path) {
  std::error_code why;
  if (fs::is_directory(path, why)) return {};
  if (path.has_parent_path() && path.parent_path() != path) {
    if (auto done = create_durably(path.parent_path()); !done) return done;
  }
  if (!fs::create_directory(path, why) && why) return io_error("create directory", path, why);
  return sync_directory(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

std::string holder_of(int lock_fd) {
  char text[32];
  const ssize_t size = ::pread(lock_fd, text, sizeof text, 0);
  std::string pid;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) pid += text[i];
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

result<state_directory> state_directory::open(const fs::path& path) {
  std::error_code why;
  const fs::path absolute = fs::absolute(path, why).lexically_normal();
  if (why) return io_error("resolve", path, why);
  if (auto created = create_durably(absolute); !created) return created.error();

  const fs::path lock_path = absolute / "lock";
  const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return last_error("open", lock_path);
  state_directory held(absolute, fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return last_error("lock", lock_path);
    return error{error_code::in_use,
                 "state directory " + absolute.string() + " is in use by " + holder_of(fd)};
  }
  // The pid is for people; the lock itself is the kernel's, so a pid left behind by a crash does no
  // harm.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return last_error("write", lock_path);
  }
  return held;
}

state_directory::state_directory(fs::path path, int lock_fd)
    : path_(std::move(path)), lock_fd_(lock_fd) {}

state_directory::state_directory(state_directory&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

state_directory& state_directory::operator=(state_directory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_fd_, other.lock_fd_);
  return *this;
}

state_directory::~state_directory() {
  if (lock_fd_ >= 0)
    ::close(lock_fd_);  // the file stays: removing it would let two processes lock two files
}

result<void> sync_directory(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return last_error("open directory", path);
  const int done = ::fsync(fd);
  const auto failure = last_error("sync directory", path);
  ::close(fd);
  if (done != 0) return failure;
  return {};
}

}  // namespace weir
