// SPDX-License-Identifier: Apache-2.0
#include "rest/sample_stats.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weir::rest {
namespace {

/// The least value that at least this share of all values does not exceed.
double quantile(const std::vector<std::int64_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1]);
}

}  // namespace

sample_stats sample_stats::of(std::vector<std::int64_t> values) {
  sample_stats made;
  if (values.empty()) return made;
  std::sort(values.begin(), values.end());
  made.min = values.front();
  made.max = values.back();
  const auto sum = std::accumulate(values.begin(), values.end(), 0.0);
  made.avg = static_cast<std::int64_t>(std::llround(sum / static_cast<double>(values.size())));
  made.p50 = quantile(values, .5);
  made.p90 = quantile(values, .9);
  made.p95 = quantile(values, .95);
  made.p99 = quantile(values, .99);
  made.p999 = quantile(values, .999);
  return made;
}

}  // namespace weir::rest
