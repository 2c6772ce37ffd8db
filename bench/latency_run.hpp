// SPDX-License-Identifier: Apache-2.0
// latency_run is what a contender of the latency benchmark gives back.
#pragma once

#include <string>

#include "bench/latency_samples.hpp"
#include "bench/measure.hpp"
#include "bench/works.hpp"

namespace weir::bench {

struct latency_run {
  latency_samples samples{0};
  work_sum found;
  run_cost cost;
  std::string failure;  ///< empty when there is a result
};

}  // namespace weir::bench
