// SPDX-License-Identifier: Apache-2.0
// watchdog_settings says when a task counts as hanging, and how much memory the process may hold.
//
// Owner:      a value; read from the configuration at the start.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/configuration.hpp"

namespace weir {

struct watchdog_settings {
  std::chrono::nanoseconds hang_timeout{0};  ///< 0: hangs are not looked for
  std::uint64_t memory_bytes = 0;            ///< 0: no bound

  bool off() const { return hang_timeout.count() == 0 && memory_bytes == 0; }

  static watchdog_settings from(const configuration& settings) {
    return {settings.get_duration("task.hang.timeout"), settings.get_size("memory.process.size")};
  }
};

}  // namespace weir
