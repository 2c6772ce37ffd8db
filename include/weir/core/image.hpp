// SPDX-License-Identifier: Apache-2.0
// The durable side of an operator as values: what it hands over at a marker, and what it gets back at a restore.
//
// Owner:      values; moved between the operator, its task and the store.
// Invariants: positions belong to a split, never to a subtask (P21); intents are all those not yet confirmed (P17).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/core/bytes.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/ids.hpp"

namespace weir {

/// How the elements of a list state are shared out at a restore.
enum class list_mode : std::uint8_t {
  split = 0,     ///< each element goes to one subtask
  union_all = 1  ///< each subtask sees all elements, and keeps those that it claims
};

struct list_image {
  std::string name;
  std::string schema;
  list_mode mode = list_mode::split;
  std::vector<chunk> chunks;
};

struct split_position {
  std::string id;
  byte_vector position;
};

/// What one operator's subtask contributes to a snapshot besides its keyed tables.
struct operator_image {
  std::vector<list_image> lists;
  std::vector<split_position> splits;
  std::vector<byte_vector> intents;
};

/// What one operator's subtask gets back: its lists already shared out, and the splits and intents of all subtasks of
/// the operator. A source takes the splits, and a sink the intents, whose index (of the split in the order of ids; of the
/// subtask that prepared the intent) modulo the parallelism is its own.
struct operator_restore {
  bool fresh = true;  ///< an initial checkpoint: there is nothing to restore
  epoch_id epoch;     ///< the checkpoint that everything is restored from
  operator_image image;
};

}  // namespace weir
