// SPDX-License-Identifier: Apache-2.0
// failure_watch sees the one failure of a recovery benchmark, and at each sink the first record after
// it and the one that passes the old mark. The mark of a sink is the number of records that it had
// folded at the failure; that number is state, falls back to the checkpoint's, and grows again.
//
// Owner:      all subtasks of a job. Each writes its own place only, except for the marks, which the
//             failing one writes before it throws. result() is for after the job.
// Invariants: what a sink still gets from before the failure (other tasks go on for a moment) does
//             not count: it belongs to the old attempt.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "bench/measure.hpp"
#include "bench/steady_ns.hpp"

namespace weir::bench {

class failure_watch {
 public:
  static constexpr unsigned subtasks_max = 64;

  explicit failure_watch(std::uint64_t fail_at_seq) : fail_at_seq_(fail_at_seq) {}

  /// True once. The caller throws then.
  bool should_fail(std::uint64_t seq) {
    if (seq < fail_at_seq_ || failed_ns_.load(std::memory_order_relaxed) != 0) [[likely]] {
      return false;
    }
    for (place& each : places_) each.mark = each.records.load(std::memory_order_relaxed);
    std::int64_t none = 0;
    return failed_ns_.compare_exchange_strong(none, steady_ns());
  }
  /// A sink has folded a record of this attempt, its records-th.
  void on_record(std::uint32_t subtask, std::uint64_t attempt, std::uint64_t records) {
    place& at = places_[subtask];
    at.records.store(records, std::memory_order_relaxed);
    if (attempt != at.attempt) [[unlikely]] {
      at.attempt = attempt;
      if (failed_ns_ == 0) return;
      at.first_ns = steady_ns();
      at.resumed_at = records - 1;
    } else if (at.first_ns != 0 && at.passed_ns == 0 && records > at.mark) [[unlikely]] {
      at.passed_ns = steady_ns();
    }
  }

  // -- after the job --

  struct outcome {
    double first_ms = 0;      ///< failure until the first record at any sink
    double all_first_ms = 0;  ///< ... at every sink
    double passed_ms = 0;     ///< failure until every sink is past its mark
    std::uint64_t replayed = 0;
    bool complete = true;  ///< false when a sink never got so far
  };
  outcome result(unsigned subtasks) const {
    outcome found;
    std::vector<double> firsts;
    std::vector<double> passes;
    for (unsigned i = 0; i < subtasks; ++i) {
      const place& at = places_[i];
      found.complete = found.complete && at.first_ns != 0 && at.passed_ns != 0;
      firsts.push_back(since_failure_ms(at.first_ns));
      passes.push_back(since_failure_ms(at.passed_ns));
      found.replayed += at.mark - std::min<std::uint64_t>(at.mark, at.resumed_at);
    }
    found.first_ms = spread_of(firsts).min;
    found.all_first_ms = spread_of(firsts).max;
    found.passed_ms = spread_of(passes).max;
    return found;
  }

 private:
  struct alignas(64) place {
    std::atomic<std::uint64_t> records{0};
    std::atomic<std::uint64_t> mark{0};
    std::uint64_t attempt = 0;
    std::int64_t first_ns = 0;
    std::int64_t passed_ns = 0;
    std::uint64_t resumed_at = 0;
  };
  double since_failure_ms(std::int64_t ns) const {
    return static_cast<double>(ns - failed_ns_) / 1e6;
  }

  const std::uint64_t fail_at_seq_;
  std::atomic<std::int64_t> failed_ns_{0};
  std::array<place, subtasks_max> places_;
};

}  // namespace weir::bench
