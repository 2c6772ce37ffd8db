// SPDX-License-Identifier: Apache-2.0
// The documents about one vertex: a chain of the plan with all its tasks, which Flink calls subtasks.
//
// Owner:      free functions over values; any thread.
// Source:     Flink's REST reference, docs/rest.md.
#pragma once

#include <cstdint>
#include <span>

#include "coordinator/job_observation.hpp"
#include "rest/document.hpp"
#include "rest/host_facts.hpp"

namespace weir::rest {

/// The tasks of one chain.
std::span<const task_reading> tasks_of(const job_observation& seen, std::uint32_t chain);

/// Sums over tasks: Flink's IO.
document io_document(std::span<const task_reading> tasks);
/// How many of the tasks are in each of Flink's states.
document task_counts(std::span<const task_reading> tasks);

/// An entry of the job document.
document vertex_entry(const job_observation& seen, std::uint32_t chain);
document vertex_document(const job_observation& seen, std::uint32_t chain, const host_facts& host);
document backpressure_document(const job_observation& seen, std::uint32_t chain);
/// weir's own: each channel that leaves a task.
document channels_document(const job_observation& seen, const task_reading& task);
document watermarks_document(const job_observation& seen, std::uint32_t chain);

}  // namespace weir::rest
