// SPDX-License-Identifier: Apache-2.0
// bare_caf_pipeline is keyed-count on plain CAF actors, as far as one gets without a framework: source
// actors split records by key into batches, counter actors count and fold, emptied batches travel
// back as credit. No state that survives, no types erased, no checkpoints. The mark for what weir
// adds to the latency that actors have anyway.
#pragma once

#include <cstdint>

#include "bench/latency_run.hpp"
#include "bench/open_loop.hpp"

namespace weir::bench {

/// Runs the schedule with `parallelism` sources and as many counters, on the CAF settings that weir
/// uses. Its start must lie in the future; the keys are those of keyed-count.
latency_run run_bare_caf(const open_loop& schedule, std::uint64_t keys, unsigned parallelism);

}  // namespace weir::bench
