// SPDX-License-Identifier: Apache-2.0
#include "connectors/interrupt.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>

#include "connectors/os_error.hpp"
#include "weir/core/task_error.hpp"

namespace weir {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

interrupt::interrupt() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw task_error(os_error(errno, "cannot create an event descriptor"));
}

void interrupt::raise() noexcept {
  const std::uint64_t one = 1;
  // It fails only when the counter is at its maximum, and then it is raised.
  (void)!::write(event_.get(), &one, sizeof one);
}

bool interrupt::wait(milliseconds timeout) const noexcept {
  const auto deadline = steady_clock::now() + timeout;
  pollfd event{event_.get(), POLLIN, 0};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    const int ready = ::poll(&event, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace weir
