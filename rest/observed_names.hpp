// SPDX-License-Identifier: Apache-2.0
// How the HTTP documents and metrics spell what a job_observation holds: Flink's words for states, and the ids of
// vertices and operators.
//
// Owner:      free functions over values; any thread.
// Invariants: the id of a vertex depends on the name of the first operator of its chain alone, that of an operator on its
//             own, so that both are the same in each run and at each parallelism.
// Source:     Flink's REST reference: JobStatus, ExecutionState.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/job_observation.hpp"

namespace weir::rest {

/// All states of Flink's jobs and tasks, those included in which weir never is: documents count them as 0.
inline constexpr std::array<std::string_view, 11> job_state_names = {
    "INITIALIZING", "CREATED",  "RUNNING",    "FAILING",   "FAILED",     "CANCELLING",
    "CANCELED",     "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING"};
inline constexpr std::array<std::string_view, 10> task_state_names = {
    "CREATED",  "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING",
    "FINISHED", "CANCELING", "CANCELED",  "FAILED",       "RECONCILING"};

std::string_view name_of(observed_job_state state);
std::string_view name_of(observed_task_state state);
std::string_view name_of(observed_checkpoint_state state);

/// 32 hexadecimal digits.
std::string operator_id(std::string_view operator_name);
/// Of a chain of the plan: that of its first operator.
std::string vertex_id(const plan& of, std::uint32_t chain);
/// The chain with this vertex id, or nothing.
std::optional<std::uint32_t> find_vertex(const plan& of, std::string_view id);

/// Names of the operators of a chain, in order.
std::vector<std::string> operators_of(const plan& of, std::uint32_t chain);

inline std::int64_t whole_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace weir::rest
