// SPDX-License-Identifier: Apache-2.0
// Makes work_sum a record, so that a fold sink can keep it in snapshots.
#pragma once

#include "bench/works.hpp"
#include "weir/core/codec.hpp"
#include "weir/core/record.hpp"

namespace weir::bench {
WEIR_RECORD(work_sum, records, sum)
}  // namespace weir::bench
