// SPDX-License-Identifier: Apache-2.0
// unique_fd owns one file descriptor and closes it.
//
// Owner:      a value that moves; closing tells nothing, so whoever needs durability syncs before.
// Invariants: holds an open descriptor, or -1.
#pragma once

#include <unistd.h>

#include <utility>

namespace weir {

class unique_fd {
 public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~unique_fd() { reset(); }

  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace weir
