// SPDX-License-Identifier: Apache-2.0
// guard_link is what a guarded process knows of its guard: a pipe, by which it says that its job can be resumed from now
// on, so that a restart no longer repeats --fresh or --from. Without a guard it does nothing.
//
// Owner:      the main thread of the guarded process; report_resumable() is called from one thread at a time.
#pragma once

#include "connectors/unique_fd.hpp"

namespace weir {

class guard_link {
 public:
  /// The environment variable with the number of the pipe's end.
  static constexpr const char* variable = "WEIR_GUARD_FD";

  /// Takes the link out of the environment, so that no process that the job starts has it.
  static guard_link from_environment();

  void report_resumable();

 private:
  unique_fd pipe_;
};

}  // namespace weir
