// SPDX-License-Identifier: Apache-2.0
#include "actors/fault_strike.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace weir {

/// Not inlined and not static, so that a stack can show its name.
[[noreturn, gnu::noinline]] void injected_hang() {
  for (;;) ::pause();
}

void kill_this_process() {
  ::kill(::getpid(), SIGKILL);
  injected_hang();  // the signal is on its way
}

void strike(const fault_spec& fault) {
  switch (fault.kind) {
    case fault_kind::throw_exception:
      throw std::runtime_error("injected fault \"" + fault.text + "\"");
    case fault_kind::kill_actor:
      throw injected_kill{};
    case fault_kind::hang:
      return injected_hang();
    case fault_kind::slow:
      return std::this_thread::sleep_for(fault.duration);
    case fault_kind::abort_process:
      std::abort();
    case fault_kind::kill_process:
      kill_this_process();
    case fault_kind::write_error:
    case fault_kind::disk_full:
    case fault_kind::torn_write:
    case fault_kind::lost_write:
      return;  // disk_strike's
  }
}

}  // namespace weir
