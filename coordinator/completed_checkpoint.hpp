// SPDX-License-Identifier: Apache-2.0
// completed_checkpoint is what a pending_checkpoint becomes when every task has acked: the manifest
// to be written, and the numbers for the report about it.
//
// Owner:      a value; from the coordinator to the snapshot store.
// Invariants: content.tasks holds every task of the checkpoint, deltas resolved. The checkpoint is
//             complete in the sense of P12 only when the store has made the manifest durable;
//             `commit` must wait for that.
#pragma once

#include <chrono>
#include <cstdint>

#include "serialization/manifest.hpp"

namespace weir {

struct completed_checkpoint {
  manifest content;
  std::chrono::nanoseconds duration{0};  ///< from the trigger to the last ack
  std::uint64_t new_chunks = 0;  ///< written for this checkpoint, without those of its bases
  std::uint64_t new_bytes = 0;
};

}  // namespace weir
