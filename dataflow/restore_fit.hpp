// SPDX-License-Identifier: Apache-2.0
// restore_fit says how a program fits a checkpoint, operator by operator and state by state. Why it does not is what a
// restart is refused for; the rest is for people who ask before they start it.
//
// Owner:      values; the functions are pure.
// Invariants: misfits is empty exactly when a restart would take the checkpoint. What a source or sink makes of its own
//             positions, files and accumulators is its own affair, at the restore.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/plan.hpp"
#include "serialization/manifest.hpp"

namespace weir {

/// From harmless to refused.
enum class state_fit : std::uint8_t {
  same,     ///< the bytes are read as they are
  added,    ///< the program has it, the checkpoint does not: it begins empty
  evolved,  ///< records have gained fields, or their fields another order
  own,      ///< of a source or sink, which looks at it when it is restored
  changed,  ///< another type: refused
  gone,     ///< the checkpoint has it, the program does not: refused, because it would be lost
};

constexpr std::string_view to_string(state_fit fit) {
  switch (fit) {
    case state_fit::same:
      return "same";
    case state_fit::added:
      return "new, begins empty";
    case state_fit::evolved:
      return "evolved";
    case state_fit::own:
      return "looked at by the operator itself";
    case state_fit::changed:
      return "another type";
    case state_fit::gone:
      return "missing in the program";
  }
  return "unknown";
}

struct fitted_state {
  std::string name;
  state_fit fit = state_fit::same;
  std::string written;  ///< schema in the checkpoint; empty: it does not have it
  std::string current;  ///< schema in the program
  std::string message;  ///< what differs: "field 'count' added"
};

struct fitted_operator {
  std::string name;
  std::uint32_t written_parallelism = 0;  ///< 0: the checkpoint does not have it
  std::uint32_t parallelism = 0;          ///< 0: the program does not have it
  std::uint64_t splits = 0;               ///< positions of a source in the checkpoint
  std::uint64_t intents = 0;              ///< what a sink has prepared and not committed
  std::vector<fitted_state> states;

  bool is_missing() const { return parallelism == 0; }
  bool is_new() const { return written_parallelism == 0; }
  bool holds_something() const { return !states.empty() || splits != 0 || intents != 0; }
};

struct restore_fit {
  std::vector<fitted_operator> operators;  ///< those of the program in its order, then missing ones
  std::vector<std::string> misfits;        ///< why it does not fit, a line each
};

restore_fit fit_of(const manifest& from, const plan& physical);

/// Why this program cannot go on from that checkpoint, a line each; empty when it can. A state that the checkpoint has
/// and the program does not would be lost; another type, or another program's state, would be misread.
std::vector<std::string> misfits(const manifest& from, const plan& physical);

}  // namespace weir
