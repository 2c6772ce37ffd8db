// SPDX-License-Identifier: Apache-2.0
// poison_start finds out, before a job's first attempt, what is known of its poison records: the ledger that was kept, and
// the breadcrumbs of a process that did not end in order, each of which is a kill (P19).
//
// Owner:      job_runtime, before the store has its own thread.
#pragma once

#include <cstdint>
#include <memory>

#include "coordinator/poison_ledger.hpp"
#include "dataflow/plan.hpp"
#include "state/breadcrumb_file.hpp"
#include "state/snapshot_store.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct poison_start {
  poison_ledger ledger;
  std::shared_ptr<breadcrumb_file> breadcrumbs;  ///< nullptr: no operator has a policy
};

/// `fresh`: what is known belongs to another run. Errors: user_exception when a record has killed the process so often
/// that its operator's policy fails the job; limit, io, no_space.
result<poison_start> start_poison(snapshot_store& store, const plan& physical, bool fresh,
                                  std::int64_t now_ms);

}  // namespace weir
