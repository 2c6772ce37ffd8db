// SPDX-License-Identifier: Apache-2.0
// journal_position is where a job stands in the journal of a source, as its snapshots hold it; and
// retained_positions, how far back a checkpoint may still take it.
//
// Owner:      the source task. Pure.
// Invariants: within one attempt positions ascend with the epochs; a checkpoint of an older attempt
//             has a lower epoch than all of this one's.
// Source:     P18, P21; docs/formats.md, section "Source positions".
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "weir/core/ids.hpp"
#include "weir/core/image.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct journal_position {
  epoch_id generation;     ///< the checkpoint at which the job began
  std::uint64_t line = 0;  ///< the first line that it has not read
  bool begins = true;      ///< no snapshot held a position: the job begins here
};

split_position encode_position(const journal_position& position);
/// From what an operator gets at a restore. Errors: corrupt, incompatible (a newer version).
result<journal_position> restored_position(const operator_restore& written);

class retained_positions {
 public:
  void add(epoch_id epoch, std::uint64_t line);
  /// No checkpoint below `oldest` will be restored again: lines below the result are not needed.
  std::optional<std::uint64_t> needed_from(epoch_id oldest);
  std::size_t size() const { return taken_.size(); }

 private:
  /// More only when a checkpoint is kept for very long; each says little then.
  static constexpr std::size_t size_max = 1024;
  std::deque<std::pair<epoch_id, std::uint64_t>> taken_;  // ascending
};

}  // namespace weir
