// SPDX-License-Identifier: Apache-2.0
// hang_detector decides which task hangs, from looks at the tasks' pulses at even intervals: one that was inside the same
// stay, without a batch in between, at so many looks in a row. It counts looks, not time: a process that was stopped, or a
// machine that was asleep or out of breath, looks less often, too, and so accuses nobody.
//
// Owner:      the watchdog's thread. No clock, no thread.
// Invariants: each stay is reported at most once as slow and once as hanging.
// Source:     PROTOCOL rule P20.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dataflow/task_pulse.hpp"

namespace weir {

enum class pulse_verdict : std::uint8_t {
  fine,
  slow,   ///< half of the bound is over
  hangs,  ///< the bound is over
};

class hang_detector {
 public:
  /// A task hangs when this many looks after the first have found it unmoved.
  hang_detector(std::size_t tasks, std::uint32_t looks_max)
      : seen_(tasks), looks_max_(std::max(looks_max, 1u)) {}

  pulse_verdict on_look(std::size_t task, pulse_word word) {
    auto& last = seen_[task];
    if (word.thread() == 0 || word != last.word) {
      last = {word, 0};
      return pulse_verdict::fine;
    }
    ++last.looks;
    if (last.looks == looks_max_) return pulse_verdict::hangs;
    if (last.looks == (looks_max_ + 1) / 2) return pulse_verdict::slow;
    return pulse_verdict::fine;
  }

 private:
  struct sighting {
    pulse_word word;
    std::uint32_t looks = 0;
  };
  std::vector<sighting> seen_;
  std::uint32_t looks_max_;
};

}  // namespace weir
