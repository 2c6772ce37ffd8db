// SPDX-License-Identifier: Apache-2.0
// input_gate is the receiving end of all channels of one task: it drops what is of an older attempt (P4), audits numbers
// and counts (P2), aligns markers (P6), and hands out what may be processed, in the order of each channel.
//
// Owner:      the receiving task.
// Invariants: (1) what a blocked channel brings waits in `held`, bounded by the channel's credits; (2) `next()` gives the
//             elements of one channel in the order in which they were sent.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "dataflow/element.hpp"
#include "dataflow/marker_aligner.hpp"
#include "dataflow/plan.hpp"

namespace weir {

class input_gate {
 public:
  input_gate(std::vector<channel_end> senders, attempt_id attempt, alignment mode);

  /// Something arrived. False: it was of an older attempt and is to be dropped (a batch's memory goes back, P3).
  bool offer(element& what);
  /// The next batch that may be processed, or nothing. Markers and ends are consumed on the way.
  struct step {
    std::optional<element> batch;
    std::optional<epoch_id> aligned;    ///< take the snapshot of this epoch before anything else
    std::optional<epoch_id> abandoned;  ///< this epoch's alignment was given up (P7)
    bool ended = false;                 ///< all channels have ended
  };
  step next();

  bool on_abort(epoch_id epoch);
  const channel_end& sender(std::uint32_t channel) const { return channels_[channel].from; }
  bool has_channels() const { return !channels_.empty(); }
  bool has_work() const { return !ready_.empty(); }
  /// Batches that have come and were not handed out.
  std::uint32_t queued_batches() const { return queued_batches_; }
  std::optional<epoch_id> aligning() const { return aligner_.aligning(); }
  /// Changes with each marker and end.
  std::uint32_t markers_delivered() const { return aligner_.delivered(); }
  /// Channels that owe the marker of the epoch in alignment.
  std::vector<std::uint32_t> missing_markers() const { return aligner_.missing(); }
  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t late_markers() const { return late_markers_; }

 private:
  struct channel_state {
    channel_end from;
    std::uint64_t expected = 0;  // number of the next batch
    std::uint64_t batches = 0;   // processed order: since the last marker
    std::uint64_t records = 0;
    std::deque<element> held;
  };
  void audit_batch(std::uint32_t channel, const element& what);
  void audit_control(std::uint32_t channel, const element& what);
  void consume(element& what, step& into);
  void unblock();

  attempt_id attempt_;
  std::vector<channel_state> channels_;
  marker_aligner aligner_;
  std::deque<element> ready_;
  std::uint32_t queued_batches_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t late_markers_ = 0;
};

}  // namespace weir
