// SPDX-License-Identifier: Apache-2.0
// marker_aligner decides when one task may take its snapshot. Given what arrives on n input channels, it says which
// channels must hold back their records until every live channel has delivered the same marker (P6, P7).
//
// Owner:      the task. Not thread safe.
// Invariants: (1) at most one epoch is being aligned; (2) the markers of one channel ascend strictly; (3) with
//             exactly-once a channel that has delivered the epoch in alignment is blocked; with at-least-once none is.
// Source:     Carbone et al. 2015, algorithm 1; docs/checkpointing.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "weir/core/ids.hpp"

namespace weir {

enum class alignment : std::uint8_t { exactly_once, at_least_once };

class marker_aligner {
 public:
  /// What a call has led to.
  struct outcome {
    std::optional<epoch_id>
        abandoned;  ///< this epoch's alignment was given up: a newer marker came (P7)
    std::optional<epoch_id> aligned;  ///< the task takes its snapshot of this epoch now
    bool late = false;  ///< the marker belongs to an epoch that is over; nothing changed
  };

  marker_aligner(std::uint32_t channels, alignment mode) : mode_(mode), channels_(channels) {}

  outcome on_marker(std::uint32_t channel, epoch_id epoch);
  /// The channel has ended: it counts as having delivered every later marker.
  outcome on_end(std::uint32_t channel);
  /// Unblocks everything if this epoch is in alignment; true then.
  bool on_abort(epoch_id epoch);

  bool blocked(std::uint32_t channel) const { return channels_[channel].blocked; }
  bool all_ended() const { return ended_ == channels_.size(); }
  std::optional<epoch_id> aligning() const { return current_; }
  /// Live channels that owe the marker of the epoch in alignment; none when there is none.
  std::vector<std::uint32_t> missing() const;
  std::uint32_t delivered() const { return delivered_; }
  std::uint32_t live() const { return static_cast<std::uint32_t>(channels_.size()) - ended_; }

 private:
  struct channel_state {
    bool ended = false;
    bool delivered = false;  // the epoch in alignment
    bool blocked = false;
    epoch_id last;
  };
  void give_up();
  outcome complete_if_aligned(outcome so_far);

  alignment mode_;
  std::vector<channel_state> channels_;
  std::optional<epoch_id> current_;
  epoch_id over_;  // newest epoch that was aligned, aborted or abandoned
  std::uint32_t delivered_ = 0;
  std::uint32_t ended_ = 0;
};

}  // namespace weir
