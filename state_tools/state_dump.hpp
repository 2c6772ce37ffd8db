// SPDX-License-Identifier: Apache-2.0
// dump_state prints what a checkpoint holds: keyed and list states, positions of sources, and what sinks have prepared. It
// needs the schemas that the checkpoint carries, and not the program that wrote it.
//
// Owner:      a function; one thread.
// Invariants: (1) output is streamed, a line at a time, and each line is bounded; (2) every line of JSON stands alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "state/stored_state.hpp"
#include "state_tools/text_output.hpp"
#include "state_tools/value_writer.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct dump_request {
  std::optional<epoch_id> checkpoint;  ///< none: the newest
  std::string operator_name;           ///< empty: all
  std::string state;                   ///< empty: all, with positions and intents
  std::optional<std::string> key;      ///< of keyed states only
  value_style style = value_style::text;
  std::uint64_t lines_max = 0;                          ///< 0: no bound
  std::size_t value_bytes_max = std::size_t{64} << 10;  ///< of the text of one key or value
};

/// What a dump prints is copied to memory first, up to this size: whoever reads the output may take long, and a running job
/// does not wait. More would crowd out the job.
inline constexpr std::uint64_t held_bytes_max = std::uint64_t{256} << 20;

struct dump_result {
  std::uint64_t lines = 0;  ///< of entries, elements, splits and intents
  bool cut = false;         ///< there were more than lines_max
};

/// Errors: not_found (checkpoint), invalid_argument (operator, state, a key that does not parse), corrupt, incompatible,
/// in_use (a running job has removed the checkpoint meanwhile; of up to held_bytes_max before anything was printed).
result<dump_result> dump_state(stored_state& from, const dump_request& request, text_output& out);

}  // namespace weir
