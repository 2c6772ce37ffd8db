// SPDX-License-Identifier: Apache-2.0
// lane_call makes a lane_job of two functions: `work` blocks on the lane and gives a result<T>;
// `finish` takes the value in the task. A failed work ends the task with a task_error instead.
//
// Owner:      made by a connector in its task.
// Invariants: work touches only what it owns or shares with the lane alone, never the connector;
//             finish may touch the connector, because done() is not called after a rollback.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/core/result.hpp"
#include "weir/core/task_error.hpp"
#include "weir/core/unit.hpp"

namespace weir {

template <class Work, class Finish>
class lane_call_job final : public lane_job {
 public:
  lane_call_job(Work work, Finish finish) : work_(std::move(work)), finish_(std::move(finish)) {}

  void run() noexcept override {
    try {
      outcome_.emplace(work_());
    } catch (...) {
      thrown_ = std::current_exception();  // a broken invariant, or no memory
    }
  }
  void done() override {
    if (thrown_) std::rethrow_exception(thrown_);
    WEIR_CHECK(outcome_.has_value(), "a lane job is done before it ran");
    if (!*outcome_) throw task_error(outcome_->error());
    finish_(std::move(**outcome_));
  }

 private:
  Work work_;
  Finish finish_;
  std::optional<std::invoke_result_t<Work&>> outcome_;
  std::exception_ptr thrown_;
};

template <class Work, class Finish>
std::unique_ptr<lane_job> lane_call(Work work, Finish finish) {
  return std::make_unique<lane_call_job<Work, Finish>>(std::move(work), std::move(finish));
}

}  // namespace weir
