// SPDX-License-Identifier: Apache-2.0
// snapshot_timing is how long a task took for each step of one snapshot.
//
// Owner:      a value; from the task, by way of the store, to the coordinator.
#pragma once

#include <chrono>

namespace weir {

struct snapshot_timing {
  std::chrono::steady_clock::time_point reached{};  ///< by the first marker; at a source, the order
  std::chrono::nanoseconds alignment{};             ///< first to last marker
  std::chrono::nanoseconds freeze{};
  std::chrono::nanoseconds drain{};  ///< frozen until the last chunk was sent to the store
};

}  // namespace weir
