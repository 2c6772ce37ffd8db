// SPDX-License-Identifier: Apache-2.0
// task_restorer gives a task's operators their state back: keyed tables chunk by chunk, and at the end lists, splits and
// intents.
//
// Owner:      the task, while it is being built.
// Invariants: chunks come in the order of chunks(); only key groups of this subtask are taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/task_restore.hpp"
#include "weir/core/result.hpp"
#include "weir/core/table_image.hpp"
#include "weir/core/unit.hpp"

namespace weir {

class task_restorer {
 public:
  task_restorer(task_restore from, std::vector<operator_part*> parts, key_group_range mine);

  const std::vector<chunk_ref>& chunks() const { return chunks_; }
  /// Errors: corrupt (does not decode), incompatible (another schema), invariant (more chunks than asked for).
  result<void> on_chunk(const chunk& content);
  /// Hands lists, splits and intents to the operators.
  result<void> finish();

 private:
  struct target {
    table_image* table = nullptr;  // of a keyed state
    std::size_t part = 0;          // of a list
    std::size_t list = 0;
  };
  void plan_part(std::size_t index, const part_restore& part);
  static const keyed_image* keyed_named(const std::vector<keyed_image>& all,
                                        const std::string& name);
  void plan_table(const keyed_image& keyed, const state_restore& state);

  task_restore from_;
  std::vector<operator_part*> parts_;
  key_group_range mine_;
  std::vector<chunk_ref> chunks_;
  std::vector<target> targets_;             // one a chunk
  std::vector<operator_restore> restores_;  // one a part
  struct finished_table {
    table_image* table;
    std::uint32_t chain;
    bool deltas_may_follow;
  };
  std::vector<finished_table> tables_;
  std::size_t next_ = 0;
  std::optional<error> unfit_;  // found while planning
};

}  // namespace weir
