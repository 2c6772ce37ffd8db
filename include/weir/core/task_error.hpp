// SPDX-License-Identifier: Apache-2.0
// task_error carries an error out of a unit's call (open, a poll, a lane job's done): it ends the
// task, and the supervisor sees by the error's recovery class what to do about it.
//
// Owner:      thrown by connectors in the task, caught by the task's actor.
#pragma once

#include <stdexcept>
#include <utility>

#include "weir/core/error.hpp"

namespace weir {

class task_error : public std::runtime_error {
 public:
  explicit task_error(weir::error failure)
      : std::runtime_error(failure.text()), failure_(std::move(failure)) {}

  const weir::error& failure() const noexcept { return failure_; }

 private:
  weir::error failure_;
};

}  // namespace weir
