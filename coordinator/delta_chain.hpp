// SPDX-License-Identifier: Apache-2.0
// resolve_deltas turns the snapshot in a task's ack into the one in a manifest: each delta gets the
// chunks of the checkpoint that it is relative to before its own, so that a manifest alone says how
// to restore.
//
// Owner:      a free function over values.
// Invariants: in what it returns, every state's chunks begin with a full image; `base` is the epoch
//             of that image and chain_length counts the image and the deltas on it. In what it
//             takes, `base` is the checkpoint that the delta is relative to (P10).
#pragma once

#include <functional>

#include "serialization/manifest.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// The manifest of a complete checkpoint, or null when it is not known any more. Tasks may learn of
/// a completion at different times, so that one checkpoint can have deltas on several bases.
using base_lookup = std::function<const manifest*(epoch_id)>;

/// error_code::not_found when the base, or the state in it, is not known; incompatible when its
/// schema is another.
result<task_snapshot> resolve_deltas(task_snapshot acked, epoch_id epoch, const base_lookup& bases);

}  // namespace weir
