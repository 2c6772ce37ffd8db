// SPDX-License-Identifier: Apache-2.0
// store_actor owns the process's snapshot store: the one thread that writes to its LMDB environment (P12). Chunks come
// from tasks, manifests from the coordinator.
//
// Owner:      the job. Detached: it blocks on the disk.
// Invariants: (1) every chunk is answered, stored or not, so that a task never waits for credit; (2) after a chunk of an
//             epoch could not be stored, that epoch's acks are not passed on; the coordinator is told once.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/fwd.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/disk_strike.hpp"
#include "serialization/manifest.hpp"
#include "state/snapshot_store.hpp"
#include "weir/core/ids.hpp"

namespace weir {

struct store_state {
  std::chrono::steady_clock::time_point turn_began;
  static inline const char* name = "snapshot-store";

  struct place {
    std::uint32_t part;
    std::uint32_t state;
    auto operator<=>(const place&) const = default;
  };
  using task_chunks = std::map<place, std::vector<chunk_ref>>;

  std::shared_ptr<snapshot_store> store;
  std::shared_ptr<disk_strike> faults;  ///< that the store asks before its writes; nullptr: none
  caf::actor coordinator;
  std::map<epoch_id, std::map<task_id, task_chunks>> chunks;
  std::set<epoch_id> failed;
};

/// `store` and `faults` are used by this actor alone once it runs.
caf::behavior store_actor(caf::stateful_actor<store_state>* self,
                          std::shared_ptr<snapshot_store> store,
                          std::shared_ptr<disk_strike> faults, caf::actor coordinator);

}  // namespace weir
