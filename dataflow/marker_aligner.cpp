// SPDX-License-Identifier: Apache-2.0
#include "dataflow/marker_aligner.hpp"

#include <algorithm>

#include "weir/core/check.hpp"

namespace weir {

marker_aligner::outcome marker_aligner::on_marker(std::uint32_t channel, epoch_id epoch) {
  auto& from = channels_.at(channel);
  WEIR_CHECK(!from.ended, "marker", epoch, "on channel", channel, "after its end");
  WEIR_CHECK(from.last < epoch, "marker", epoch, "on channel", channel, "after marker", from.last);
  from.last = epoch;
  outcome result;
  if (epoch <= over_) {
    result.late = true;
    return result;
  }
  if (current_ && epoch < *current_) {  // a channel that is behind; its epoch was given up already
    result.late = true;
    return result;
  }
  if (current_ && *current_ < epoch) {  // P7
    result.abandoned = current_;
    give_up();
  }
  current_ = epoch;
  from.delivered = true;
  from.blocked = mode_ == alignment::exactly_once;  // P6
  ++delivered_;
  return complete_if_aligned(result);
}

marker_aligner::outcome marker_aligner::on_end(std::uint32_t channel) {
  auto& from = channels_.at(channel);
  WEIR_CHECK(!from.ended, "second end of channel", channel);
  WEIR_CHECK(!from.blocked, "the end of channel", channel, "passed its marker");
  from.ended = true;
  ++ended_;
  if (from.delivered) {
    from.delivered = false;
    --delivered_;
  }
  return complete_if_aligned({});
}

std::vector<std::uint32_t> marker_aligner::missing() const {
  std::vector<std::uint32_t> owe;
  for (std::uint32_t i = 0; current_ && i < channels_.size(); ++i) {
    if (!channels_[i].ended && !channels_[i].delivered) owe.push_back(i);
  }
  return owe;
}

bool marker_aligner::on_abort(epoch_id epoch) {
  over_ = std::max(over_, epoch);
  if (!current_ || *current_ != epoch) return false;
  give_up();
  return true;
}

void marker_aligner::give_up() {
  over_ = std::max(over_, *current_);
  current_.reset();
  delivered_ = 0;
  for (auto& channel : channels_) channel.delivered = channel.blocked = false;
}

marker_aligner::outcome marker_aligner::complete_if_aligned(outcome so_far) {
  if (!current_ || delivered_ < live()) return so_far;
  so_far.aligned = current_;
  give_up();
  return so_far;
}

}  // namespace weir
