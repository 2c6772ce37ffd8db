// SPDX-License-Identifier: Apache-2.0
// fd_writer writes lines to a descriptor that others write to as well (standard output).
//
// Owner:      a sink's lane; write() blocks. Only stop() may be called from elsewhere.
// Invariants: (1) bytes go out in order, all or an error; (2) into a pipe or terminal, a line of up
//             to PIPE_BUF (4,096) bytes goes out in one write, so that other writers' lines are
//             never within it; (3) a reader that stalls blocks write() until stop(), no longer.
#pragma once

#include <string_view>

#include "connectors/interrupt.hpp"
#include "weir/core/result.hpp"

namespace weir {

class fd_writer {
 public:
  /// `fd` stays the caller's, open for as long as the writer lives; `name` is for messages.
  fd_writer(int fd, std::string_view name);

  /// Writes whole lines. After stop() it returns without having written all.
  /// Errors: connection (nobody reads the pipe any more; SIGPIPE is not raised), no_space, io.
  result<void> write(std::string_view lines);
  void stop() noexcept { stop_.raise(); }

 private:
  result<void> write_piece(std::string_view piece);
  result<bool> wait_for_room() const;

  int fd_;
  std::string_view name_;
  bool regular_;  ///< a file: one write takes it all
  interrupt stop_;
};

}  // namespace weir
