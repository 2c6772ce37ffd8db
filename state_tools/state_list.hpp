// SPDX-License-Identifier: Apache-2.0
// list_checkpoints says which checkpoints a state directory holds, how large they are, and what they share with each
// other; print_list prints it.
//
// Owner:      functions; one thread.
// Invariants: of each checkpoint, own_bytes + shared_bytes == bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "state/stored_state.hpp"
#include "state_tools/text_output.hpp"
#include "state_tools/value_writer.hpp"
#include "weir/core/error.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct listed_state {
  std::string operator_name;
  std::string name;
  std::string schema;
  std::uint64_t entries = 0;  ///< live ones; 0: not known
  std::uint64_t bytes = 0;
  std::uint32_t tasks = 0;
  std::uint32_t deltas_max = 0;  ///< on the full image, of the task that has most of them
};

struct listed_checkpoint {
  epoch_id epoch;
  checkpoint_kind kind = checkpoint_kind::periodic;
  std::uint64_t created_unix_ms = 0;
  std::uint64_t bytes = 0;         ///< of all chunks that it needs
  std::uint64_t shared_bytes = 0;  ///< of those that another checkpoint needs, too
  std::uint64_t own_bytes = 0;     ///< what would go with it
  std::uint64_t chunks = 0;
  std::vector<epoch_id> shares_with;
  std::vector<epoch_id> images_of;  ///< checkpoints that wrote the full images under its deltas
  std::vector<listed_state> states;
  std::uint64_t tasks = 0;
  bool finished = false;        ///< the job had ended
  std::optional<error> damage;  ///< all else but the epoch is then empty
};

struct state_listing {
  std::string job;
  std::string directory;
  std::uint64_t file_bytes = 0;
  std::uint64_t free_bytes = 0;  ///< in the file, to be used again
  std::uint64_t orphans = 0;     ///< chunks that no checkpoint needs, until the next commit
  std::vector<listed_checkpoint> checkpoints;  ///< newest first

  bool has_damage() const;
};

/// Errors: in_use when a running job has removed checkpoints meanwhile, so that nothing is known.
result<state_listing> list_checkpoints(const stored_state& from);
void print_list(const state_listing& listing, value_style style, text_output& out);

}  // namespace weir
