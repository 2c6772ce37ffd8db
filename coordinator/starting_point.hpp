// SPDX-License-Identifier: Apache-2.0
// choose_start decides from which checkpoint a job goes on: the newest, a named one, or none.
//
// Owner:      the thread that starts the job, before the store is handed to its actor.
// Invariants: (1) a fresh start is a complete initial checkpoint of its own, durable before the first record (P5); (2) an
//             older checkpoint than the newest is chosen only when no sink could repeat output, or when the user allows
//             it (P18); (3) no fallback passes an initial checkpoint: what is older belongs to another run; (4) all of the chosen one
//             can be read: every chunk was, and its checksum compared.
#pragma once

#include <optional>
#include <string>

#include "dataflow/plan.hpp"
#include "serialization/manifest.hpp"
#include "state/snapshot_store.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct start_request {
  std::string job;
  bool fresh = false;
  std::optional<epoch_id> from;
  bool allow_duplicates = false;
};

/// `next_epoch` is used for the initial checkpoint of a fresh start in a directory that has others already.
result<manifest> choose_start(snapshot_store& store, const plan& physical,
                              const start_request& request, fence_id fence, attempt_id attempt,
                              epoch_id next_epoch);

}  // namespace weir
