// SPDX-License-Identifier: Apache-2.0
// open_loop is a schedule of records: record seq is due at start + seq / rate, whether or not the
// program keeps up. A latency counted from there includes all the waiting that a slow moment causes
// to the records behind it, which counting from the moment of sending would leave out.
//
// Owner:      a value; any thread.
// Invariants: the same schedule for everything that is compared.
// Source:     the "coordinated omission" argument (Gil Tene, wrk2).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "bench/latency_samples.hpp"

namespace weir::bench {

struct open_loop {
  using clock = std::chrono::steady_clock;

  /// One record in so many is sampled. A prime, so that samples come from every residue class, place
  /// in a batch and key.
  static constexpr std::uint64_t sample_stride = 61;
  /// A producer that has caught up with its schedule pauses so long, as weir's generator does.
  static constexpr std::chrono::microseconds pause{200};

  double rate = 0;  ///< records a second
  std::chrono::duration<double> warm_up{5};
  std::chrono::duration<double> measured{20};
  clock::time_point start;

  std::uint64_t records() const { return before(warm_up + measured); }
  std::uint64_t sample_count() const { return records() / sample_stride + 1; }
  /// Records that are due by now.
  std::uint64_t due(clock::time_point now) const {
    return std::min(records(), before(std::max<std::chrono::duration<double>>(now - start, {})));
  }
  /// Adds the latency of record seq, which has just arrived, when it is one of the sampled ones.
  void arrived(std::uint64_t seq, latency_samples& into) const {
    if (seq % sample_stride != 0 || static_cast<double>(seq) < warm_up.count() * rate) [[likely]] {
      return;
    }
    const std::chrono::duration<double, std::nano> due_after(1e9 * static_cast<double>(seq) / rate);
    const std::chrono::duration<double, std::nano> latency = clock::now() - start - due_after;
    into.add(static_cast<std::uint64_t>(std::max(latency.count(), 0.0)));
  }

 private:
  std::uint64_t before(std::chrono::duration<double> time) const {
    return static_cast<std::uint64_t>(time.count() * rate);
  }
};

}  // namespace weir::bench
