// SPDX-License-Identifier: Apache-2.0
// thread_stack asks another thread of this process what it is doing: a real-time signal makes that thread note its own
// return addresses, and the asking thread turns them into text.
//
// Owner:      one asking thread. The signal's handler stays installed for the life of the process.
// Invariants: (1) the handler does what is allowed in a signal handler only: it takes no lock and no memory; (2) a thread
//             that does not answer costs the asking one `patience`, and nothing else; (3) a handler that the host
//             program has for the signal is left alone, and there are no stacks then.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace weir {

class thread_stack {
 public:
  /// Installs the handler, and loads now what the handler will need.
  thread_stack();

  /// The innermost frame first, a line each: "count_words::process(...)+0x1c (word_count+0x4f21)". Empty when the thread is
  /// gone, blocks the signal, or does not answer within `patience`.
  std::vector<std::string> lines_of(pid_t thread, std::chrono::milliseconds patience) const;

 private:
  bool installed_ = false;
};

}  // namespace weir
