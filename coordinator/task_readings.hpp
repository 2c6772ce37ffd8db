// SPDX-License-Identifier: Apache-2.0
// What the tasks' meters say, as the values that people are shown: read_task makes a task_reading of one meter, and
// snapshot_progress says how far the tasks are with a checkpoint.
//
// Owner:      free functions; any thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "coordinator/checkpoint_reports.hpp"
#include "coordinator/job_observation.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_meter.hpp"

namespace weir {

using time_of_day = std::function<unix_ms(steady_time)>;

/// Counts, times and waits of a task's newest attempt; its state, rates, keyed states and latency are left as they are.
task_reading read_task(const plan& physical, task_id task, const task_meter* meter, steady_time now,
                       const time_of_day& at);

/// "waits for credit of out/0", "waits for the marker of lines/1 and lines/2"; empty: it works.
std::string wait_text(const plan& physical, const task_reading& task);

/// Of each task that has begun the snapshot of this epoch, or waits for something; without attempt and fence.
std::vector<task_progress> snapshot_progress(const plan& physical, const task_meters& meters,
                                             epoch_id epoch, steady_time now);

}  // namespace weir
