// SPDX-License-Identifier: Apache-2.0
#include "coordinator/delta_chain.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir {
namespace {

/// The task of the same place in the base. After rescaling there is none: a subtask's key groups
/// are others then, and its first image must be full.
const task_snapshot* find_task(const manifest& base, const task_snapshot& task) {
  const auto found =
      std::find_if(base.tasks.begin(), base.tasks.end(), [&task](const task_snapshot& one) {
        return one.task == task.task && one.subtask == task.subtask &&
               one.parallelism == task.parallelism;
      });
  return found == base.tasks.end() ? nullptr : &*found;
}

const state_snapshot* find_state(const task_snapshot& task, const std::string& uid,
                                 const std::string& name) {
  for (const auto& one : task.operators) {
    if (one.uid != uid) continue;
    for (const auto& state : one.states) {
      if (state.name == name) return &state;
    }
  }
  return nullptr;
}

/// One delta of one task, for messages.
struct delta_place {
  const task_snapshot& task;
  const std::string& uid;
  const state_snapshot& state;

  std::string text() const {
    return "task " + task.task + "/" + std::to_string(task.subtask) + ", state " + uid + "." +
           state.name + ": its delta is relative to checkpoint " + to_string(state.base);
  }
};

result<const state_snapshot*> find_base(const delta_place& place, epoch_id epoch,
                                        const base_lookup& bases) {
  const auto& delta = place.state;
  if (delta.base >= epoch) {
    return error{error_code::invariant,
                 place.text() + ", which is not before checkpoint " + to_string(epoch)};
  }
  const manifest* base = bases ? bases(delta.base) : nullptr;
  if (base == nullptr) return error{error_code::not_found, place.text() + ", which is not known"};
  WEIR_CHECK(base->epoch == delta.base, base->epoch, delta.base);
  const auto* task = find_task(*base, place.task);
  const auto* state = task == nullptr ? nullptr : find_state(*task, place.uid, delta.name);
  if (state == nullptr) {
    return error{error_code::not_found, place.text() +
                                            ", which does not hold this state at parallelism " +
                                            std::to_string(place.task.parallelism)};
  }
  if (state->schema != delta.schema) {
    return error{error_code::incompatible, place.text() + ", which holds it as \"" + state->schema +
                                               "\", not as \"" + delta.schema + "\""};
  }
  return state;
}

result<void> resolve_state(const task_snapshot& task, const std::string& uid, state_snapshot& state,
                           epoch_id epoch, const base_lookup& bases) {
  if (state.full) {
    state.base = epoch;
    state.chain_length = 1;
    return {};
  }
  const auto base = find_base({task, uid, state}, epoch, bases);
  if (!base) return base.error();
  state.chunks.insert(state.chunks.begin(), (*base)->chunks.begin(), (*base)->chunks.end());
  state.base = (*base)->base;
  state.chain_length = (*base)->chain_length + 1;
  return {};
}

}  // namespace

result<task_snapshot> resolve_deltas(task_snapshot acked, epoch_id epoch,
                                     const base_lookup& bases) {
  for (auto& one : acked.operators) {
    for (auto& state : one.states) {
      const auto resolved = resolve_state(acked, one.uid, state, epoch, bases);
      if (!resolved) return resolved.error();
    }
  }
  return acked;
}

}  // namespace weir
