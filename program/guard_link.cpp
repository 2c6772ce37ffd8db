// SPDX-License-Identifier: Apache-2.0
#include "program/guard_link.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace weir {

guard_link guard_link::from_environment() {
  guard_link made;
  const char* number = std::getenv(variable);
  if (number == nullptr) return made;
  const int pipe = std::atoi(number);
  unsetenv(variable);
  if (pipe > STDERR_FILENO && fcntl(pipe, F_SETFD, FD_CLOEXEC) == 0) made.pipe_ = unique_fd(pipe);
  return made;
}

void guard_link::report_resumable() {
  if (!pipe_) return;
  const char mark = 'r';
  (void)!write(pipe_.get(), &mark, 1);  // a guard that is gone has taken this process with it
  pipe_ = unique_fd();
}

}  // namespace weir
