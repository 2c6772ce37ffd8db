// SPDX-License-Identifier: Apache-2.0
// The documents about checkpoints: counts, history, the phases of each task, and the settings.
//
// Owner:      free functions over values; any thread.
// Invariants: what is told of a checkpoint is what its tasks acked; a task that has not acked is `pending_or_failed`.
// Source:     Flink's REST reference, docs/rest.md.
#pragma once

#include <cstdint>
#include <optional>

#include "coordinator/job_observation.hpp"
#include "rest/document.hpp"

namespace weir::rest {

document checkpoints_document(const job_observation& seen);
document checkpoint_config_document(const job_observation& seen);
/// Nothing when the checkpoint is not in the history.
std::optional<document> checkpoint_document(const job_observation& seen, std::uint64_t checkpoint);
std::optional<document> checkpoint_subtasks_document(const job_observation& seen,
                                                     std::uint64_t checkpoint, std::uint32_t chain);

}  // namespace weir::rest
