// SPDX-License-Identifier: Apache-2.0
// Short ways to write snapshots and manifests in tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "serialization/manifest.hpp"

namespace weir::testing {

inline state_snapshot make_state(std::string name, std::vector<chunk_ref> chunks = {}) {
  state_snapshot made;
  made.name = std::move(name);
  made.schema = "i64";
  made.chunks = std::move(chunks);
  return made;
}

inline operator_snapshot make_operator(std::string uid, std::vector<state_snapshot> states) {
  operator_snapshot made;
  made.uid = std::move(uid);
  made.states = std::move(states);
  return made;
}

inline task_snapshot make_task(std::string chain, std::uint32_t subtask, std::uint32_t parallelism,
                               std::vector<operator_snapshot> operators) {
  task_snapshot made;
  made.task = std::move(chain);
  made.subtask = subtask;
  made.parallelism = parallelism;
  made.operators = std::move(operators);
  return made;
}

inline manifest make_manifest(epoch_id epoch, std::vector<task_snapshot> tasks) {
  manifest made;
  made.epoch = epoch;
  made.tasks = std::move(tasks);
  return made;
}

}  // namespace weir::testing
