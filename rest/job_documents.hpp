// SPDX-License-Identifier: Apache-2.0
// The documents about the job as a whole, and about the process that runs it; each is a pure function of one look.
//
// Owner:      free functions over values; any thread.
// Invariants: fields and their meaning are Flink's; what weir adds has a name that Flink does not use (docs/rest.md).
// Source:     Flink's REST reference, docs/rest.md.
#pragma once

#include <cstddef>

#include "coordinator/job_observation.hpp"
#include "rest/document.hpp"
#include "rest/host_facts.hpp"

namespace weir::rest {

document overview_document(const job_observation& seen, const host_facts& host);
document dashboard_config_document(const job_observation& seen, const host_facts& host);
document jobs_document(const job_observation& seen);
document jobs_overview_document(const job_observation& seen);
document job_document(const job_observation& seen);
document job_status_document(const job_observation& seen);
document job_plan_document(const job_observation& seen);
document job_config_document(const job_observation& seen);
document job_manager_config_document(const job_observation& seen);
/// At most `entries_max` of the history, the newest first.
document exceptions_document(const job_observation& seen, const host_facts& host,
                             std::size_t entries_max);
document task_managers_document(const job_observation& seen, const host_facts& host);
document task_manager_document(const job_observation& seen, const host_facts& host);

}  // namespace weir::rest
