// SPDX-License-Identifier: Apache-2.0
// task_rates makes a task's rates out of the looks at it: what its counts moved since a look that was at least a second
// ago, or since its attempt began when there was none. Nothing is done between two looks.
//
// Owner:      job_observer; one for each task. No clock: the time is in the reading.
// Invariants: the rates of busy, idle and back-pressured time add up to 1,000 ms a second.
#pragma once

#include <chrono>

#include "coordinator/job_observation.hpp"

namespace weir {

class task_rates {
 public:
  /// Fills in the rates of a reading whose counts are given.
  void on_look(task_reading& now) {
    if (now.attempt != base_.attempt || lived(now) < lived(newest_)) {
      base_ = task_reading{};  // the attempt's beginning, where all counts are 0
      base_.attempt = now.attempt;
      newest_ = base_;
    }
    if (lived(now) - lived(newest_) >= std::chrono::seconds(1)) {
      base_ = newest_;
      newest_ = counts_of(now);
    }
    fill(now);
  }

 private:
  /// Time since the attempt began.
  static std::chrono::nanoseconds lived(const task_reading& of) {
    return of.busy + of.idle + of.back_pressured;
  }
  static task_reading counts_of(const task_reading& of) {
    task_reading kept;
    kept.attempt = of.attempt;
    kept.records_read = of.records_read;
    kept.records_written = of.records_written;
    kept.records_in = of.records_in;
    kept.records_out = of.records_out;
    kept.bytes_in = of.bytes_in;
    kept.bytes_out = of.bytes_out;
    kept.batches_out = of.batches_out;
    kept.busy = of.busy;
    kept.idle = of.idle;
    kept.back_pressured = of.back_pressured;
    return kept;
  }
  void fill(task_reading& now) const {
    const double seconds = std::chrono::duration<double>(lived(now) - lived(base_)).count();
    if (seconds <= 0) return;
    const auto count = [&](std::uint64_t to, std::uint64_t from) {
      return static_cast<double>(to - from) / seconds;
    };
    const auto time = [&](std::chrono::nanoseconds to, std::chrono::nanoseconds from) {
      return std::chrono::duration<double, std::milli>(to - from).count() / seconds;
    };
    now.records_read_per_second = count(now.records_read, base_.records_read);
    now.records_written_per_second = count(now.records_written, base_.records_written);
    now.records_in_per_second = count(now.records_in, base_.records_in);
    now.records_out_per_second = count(now.records_out, base_.records_out);
    now.bytes_in_per_second = count(now.bytes_in, base_.bytes_in);
    now.bytes_out_per_second = count(now.bytes_out, base_.bytes_out);
    now.batches_out_per_second = count(now.batches_out, base_.batches_out);
    now.busy_ms_per_second = time(now.busy, base_.busy);
    now.idle_ms_per_second = time(now.idle, base_.idle);
    now.back_pressured_ms_per_second = time(now.back_pressured, base_.back_pressured);
  }

  task_reading base_;    // what rates are relative to
  task_reading newest_;  // the newest look that is a second behind base_, or base_
};

}  // namespace weir
