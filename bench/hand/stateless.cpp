// SPDX-License-Identifier: Apache-2.0
// The stateless work by hand: source, map, filter and sink in one loop, which the compiler
// vectorises.
#include <vector>

#include "bench/hand/hand_works.hpp"
#include "bench/hand/thread_team.hpp"

namespace weir::bench {

namespace {

/// The records first, first + stride, ... below `records`. Inlined, so that a stride of 1 makes a
/// loop of its own.
[[gnu::always_inline]] inline work_sum fused(std::uint64_t first, std::uint64_t records,
                                             std::uint64_t stride) {
  std::uint64_t kept = 0;
  std::uint64_t sum = 0;
  for (std::uint64_t seq = first; seq < records; seq += stride) {
    const std::uint64_t x = stateless_map(seq);
    if (stateless_filter(x)) {
      sum += x;
      ++kept;
    }
  }
  return {kept, sum};
}

}  // namespace

run_result run_hand_stateless(const work_settings& settings) {
  run_result result;
  result.threads = settings.parallelism;
  std::vector<work_sum> found(settings.parallelism);
  result.cost = run_threads(settings.parallelism, [&](unsigned self) {
    const unsigned threads = settings.parallelism;
    found[self] =
        threads == 1 ? fused(0, settings.records, 1) : fused(self, settings.records, threads);
  });
  for (const work_sum& each : found) result.found += each;
  result.anon_bytes = process_memory().anon_bytes;
  return result;
}

}  // namespace weir::bench
