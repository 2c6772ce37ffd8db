// SPDX-License-Identifier: Apache-2.0
// peak_rate measures how many records a second keyed-count takes through weir at full speed, for
// benchmarks that run at a part of it.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "bench/weir_works.hpp"

namespace weir::bench {

/// Records a second, of the second of two short runs (the first warms up). Throws
/// std::runtime_error when the job fails.
inline double peak_rate(std::uint64_t keys, unsigned parallelism) {
  work_settings settings;
  settings.keys = keys;
  settings.parallelism = parallelism;
  settings.records = 50'000'000;
  run_result result;
  for (int run = 0; run < 2; ++run) {
    result = run_weir(settings);
    if (!result.failure.empty()) throw std::runtime_error(result.failure);
  }
  return static_cast<double>(settings.records) / result.cost.wall_s;
}

}  // namespace weir::bench
