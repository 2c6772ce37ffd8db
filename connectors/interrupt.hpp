// SPDX-License-Identifier: Apache-2.0
// interrupt lets the task end a wait of its lane: once raised it stays raised, so that every later
// wait ends at once, too.
//
// Owner:      shared by a connector and its lane jobs; raise() and wait() are thread safe.
#pragma once

#include <chrono>

#include "connectors/unique_fd.hpp"

namespace weir {

class interrupt {
 public:
  /// Throws task_error (limit) when the process has no descriptor left.
  interrupt();

  void raise() noexcept;
  bool raised() const noexcept { return wait(std::chrono::milliseconds(0)); }
  /// Blocks for `timeout` at most; whether it was raised.
  bool wait(std::chrono::milliseconds timeout) const noexcept;
  /// Readable once raised; for a poll together with other descriptors.
  int fd() const noexcept { return event_.get(); }

 private:
  unique_fd event_;
};

}  // namespace weir
