// SPDX-License-Identifier: Apache-2.0
// cut_audit watches all channels of a job from outside: how many batches are in flight on each (P3), and whether the
// snapshots of an epoch are a consistent cut (P6).
//
// Owner:      a test case.
// Source:     Chandy & Lamport 1985.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "dataflow/element.hpp"
#include "dataflow/marker_aligner.hpp"
#include "dataflow/plan.hpp"

namespace weir::test {

class cut_audit {
 public:
  explicit cut_audit(std::shared_ptr<const plan> physical) : plan_(std::move(physical)) {}

  void on_sent(task_id from, task_id to, const element& what) {
    auto& channel = channels_[{what.attempt, to, what.channel}];
    if (what.what == element::kind::batch) {
      ++channel.sent;
      in_flight_max_ = std::max(in_flight_max_, channel.sent - channel.processed);
      CHECK(channel.sent - channel.processed <= channel_credits);  // P3
    } else if (what.what == element::kind::marker) {
      channel.sent_before[what.epoch] = channel.sent;
      note_snapshot(from, what);
    }
  }
  /// The receiver gives a batch back.
  void on_processed(task_id receiver, task_id sender, const credit_return& what) {
    ++channels_[{what.attempt, receiver, input_of(receiver, sender, what)}].processed;
  }
  /// Nothing is in a receiver's snapshot that is not in its sender's; with blocking, all that is in the sender's is in the
  /// receiver's. Returns how many batches receivers had taken beyond the cut.
  std::uint64_t check(epoch_id epoch, alignment mode) const {
    std::uint64_t ahead = 0;
    for (const auto& [ends, channel] : channels_) {
      const auto received = channel.processed_before.find(epoch);
      if (received == channel.processed_before.end())
        continue;  // it has no output, or had finished
      const auto marked = channel.sent_before.find(epoch);
      const auto sent = marked != channel.sent_before.end() ? marked->second : channel.sent;
      CHECK(received->second >= sent);
      if (mode == alignment::exactly_once) CHECK(received->second == sent);
      ahead += received->second - std::min(sent, received->second);
    }
    return ahead;
  }
  std::uint64_t in_flight_max() const { return in_flight_max_; }

 private:
  /// What one channel carried in one attempt, in batches.
  struct channel_watch {
    std::uint64_t sent = 0;
    std::uint64_t processed = 0;
    std::map<epoch_id, std::uint64_t> sent_before;       // its marker
    std::map<epoch_id, std::uint64_t> processed_before;  // the receiver's snapshot
  };

  /// A task has just frozen its state: it sends its first marker.
  void note_snapshot(task_id task, const element& marker) {
    const auto inputs = input_channels(*plan_, task).size();
    for (std::uint32_t i = 0; i < inputs; ++i) {
      auto& channel = channels_[{marker.attempt, task, i}];
      channel.processed_before.emplace(marker.epoch, channel.processed);
    }
  }
  std::uint32_t input_of(task_id receiver, task_id sender, const credit_return& what) const {
    const auto ends = input_channels(*plan_, receiver);
    for (std::uint32_t i = 0; i < ends.size(); ++i) {
      if (ends[i].peer == sender && ends[i].exchange == what.exchange &&
          ends[i].peer_channel == what.channel) {
        return i;
      }
    }
    FAIL("credit for a channel that is not there");
    return 0;
  }

  std::shared_ptr<const plan> plan_;
  std::map<std::tuple<attempt_id, task_id, std::uint32_t>, channel_watch> channels_;
  std::uint64_t in_flight_max_ = 0;
};

}  // namespace weir::test
