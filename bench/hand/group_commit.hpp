// SPDX-License-Identifier: Apache-2.0
// group_commit is the mark beside which a journal's delays are set: a loop that appends lines to a file as their schedule
// makes them due and syncs them in groups, with nothing else around it. What it waits for is the disk.
//
// Owner:  a function.
// Errors: std::runtime_error when the file cannot be written.
#pragma once

#include <chrono>

#include "bench/latency_run.hpp"
#include "bench/open_loop.hpp"

namespace weir::bench {

/// A group waits `delay` for company, counted from its first line. A line has arrived when it is durable.
latency_run group_commit(const open_loop& schedule, unsigned line_bytes,
                         std::chrono::nanoseconds delay);

}  // namespace weir::bench
