// SPDX-License-Identifier: Apache-2.0
// task_restore says what one task takes over from a checkpoint. plan_restore shares a manifest out among the tasks of a
// plan, whose parallelism may differ from the one that wrote it: keyed chunks by key group, lists by the index of the
// subtask that had them; splits and intents to every subtask of their operator, which picks its own.
//
// Owner:      values; the functions are pure.
// Invariants: every entry and list element of the manifest goes to exactly one task (union lists: to all).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataflow/plan.hpp"
#include "serialization/manifest.hpp"
#include "weir/core/image.hpp"
#include "weir/core/poison.hpp"

namespace weir {

struct state_restore {
  std::string name;
  std::string schema;  ///< as written; the program's own may have gained fields
  bool keyed = true;
  std::uint64_t entries = 0;  ///< about how many, for reserving
  std::uint32_t chain_length = 1;
  bool deltas_may_follow = false;  ///< the image is one subtask's own, at the same parallelism
  std::vector<chunk_ref> chunks;   ///< in apply order
};

struct part_restore {
  std::string uid;
  std::vector<state_restore> states;
  std::vector<source_split> splits;
  std::vector<byte_vector> intents;
};

struct task_restore {
  epoch_id epoch;
  bool fresh = true;
  bool ended =
      false;  ///< the operators had seen the end of their input, and have said what they say then (P16)
  std::vector<part_restore> parts;
  std::vector<poison_list> poison;  ///< records that its operators are to leave alone (P19)
};

/// What the task gets of that checkpoint; for epoch 0, nothing.
task_restore plan_restore(const manifest& from, const plan& physical, task_id task);

}  // namespace weir
