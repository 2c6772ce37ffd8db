// SPDX-License-Identifier: Apache-2.0
// sample_stats are Flink's STATS over a few values: extremes, mean, and quantiles of the sorted values.
//
// Owner:      a value.
// Invariants: all are 0 when there is no value; min <= p50 <= p90 <= .. <= p999 <= max.
#pragma once

#include <cstdint>
#include <vector>

namespace weir::rest {

struct sample_stats {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t avg = 0;
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  double p999 = 0;

  static sample_stats of(std::vector<std::int64_t> values);
};

}  // namespace weir::rest
