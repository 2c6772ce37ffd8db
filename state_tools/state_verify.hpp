// SPDX-License-Identifier: Apache-2.0
// verify_state reads everything that a state directory's checkpoints need, and says what is damaged, by name. That the
// file as such is sound was found out when it was opened.
//
// Owner:      a function; one thread. Reads each chunk once: about as long as reading the file takes.
// Invariants: sound() exactly when a restart could go on from each of the checkpoints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "state/stored_state.hpp"
#include "state_tools/text_output.hpp"
#include "state_tools/value_writer.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct verified_checkpoint {
  epoch_id epoch;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  /// "operator count, subtask 1, state seen: blob 12 has ..."; empty: sound.
  std::vector<std::string> damage;
};

struct verification {
  std::string job;
  std::string directory;
  std::vector<verified_checkpoint> checkpoints;  ///< newest first
  std::vector<std::string> damage;               ///< of no checkpoint
  std::uint64_t orphans = 0;                     ///< no damage: they go with the next commit

  bool sound() const;
};

/// Of one checkpoint, so many damaged chunks are named.
inline constexpr std::size_t damage_named_max = 20;

/// Errors: in_use when a running job has removed checkpoints meanwhile, so that nothing is known.
result<verification> verify_state(const stored_state& from);
void print_verification(const verification& found, value_style style, text_output& out);

}  // namespace weir
