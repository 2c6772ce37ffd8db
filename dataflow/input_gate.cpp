// SPDX-License-Identifier: Apache-2.0
#include "dataflow/input_gate.hpp"

#include <algorithm>
#include <utility>

#include "weir/core/check.hpp"

namespace weir {

input_gate::input_gate(std::vector<channel_end> senders, attempt_id attempt, alignment mode)
    : attempt_(attempt), aligner_(static_cast<std::uint32_t>(senders.size()), mode) {
  for (const auto& sender : senders) {
    channels_.emplace_back();
    channels_.back().from = sender;
  }
}

bool input_gate::offer(element& what) {
  if (what.attempt < attempt_) {  // P4
    ++dropped_;
    return false;
  }
  WEIR_CHECK(what.attempt == attempt_, "element of attempt", what.attempt, "at a task of attempt",
             attempt_);
  WEIR_CHECK(what.channel < channels_.size(), "element on channel", what.channel, "of",
             channels_.size());
  if (what.what == element::kind::batch) ++queued_batches_;
  ready_.push_back(std::move(what));  // behind what the channel brought before, blocked or not (P1)
  return true;
}

input_gate::step input_gate::next() {
  step result;
  while (!ready_.empty()) {
    element what = std::move(ready_.front());
    ready_.pop_front();
    if (aligner_.blocked(what.channel)) {
      channels_[what.channel].held.push_back(std::move(what));
      continue;
    }
    consume(what, result);
    if (result.batch || result.aligned || result.ended) return result;
  }
  return result;
}

void input_gate::consume(element& what, step& into) {
  auto& channel = channels_[what.channel];
  if (what.what == element::kind::batch) {
    audit_batch(what.channel, what);
    --queued_batches_;
    ++channel.batches;
    channel.records += what.content->size();
    into.batch = std::move(what);
    return;
  }
  audit_control(what.channel, what);
  const auto outcome = what.what == element::kind::marker
                           ? aligner_.on_marker(what.channel, what.epoch)
                           : aligner_.on_end(what.channel);
  if (outcome.late) ++late_markers_;
  if (outcome.abandoned) into.abandoned = outcome.abandoned;
  into.aligned = outcome.aligned;
  into.ended = aligner_.all_ended();
  if (outcome.aligned || outcome.abandoned) unblock();
}

/// P2: numbers without gaps or repeats.
void input_gate::audit_batch(std::uint32_t index, const element& what) {
  auto& channel = channels_[index];
  WEIR_CHECK(what.number == channel.expected, "channel", index, "from task", channel.from.peer,
             "brought batch", what.number, "where batch", channel.expected, "was due");
  ++channel.expected;
}

/// P2: the sender's counts of the epoch are the receiver's.
void input_gate::audit_control(std::uint32_t index, const element& what) {
  auto& channel = channels_[index];
  WEIR_CHECK(what.batches == channel.batches && what.records == channel.records, "channel", index,
             "from task", channel.from.peer, "counted", channel.batches, "batches and",
             channel.records, "records before marker", what.epoch, "but the sender", what.batches,
             "and", what.records);
  channel.batches = channel.records = 0;
}

/// What was held back is processed before anything that arrives from now on.
void input_gate::unblock() {
  std::deque<element> released;
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    if (aligner_.blocked(index)) continue;
    auto& held = channels_[index].held;
    std::move(held.begin(), held.end(), std::back_inserter(released));
    held.clear();
  }
  // Elements of a channel that is in `released` may also stand in ready_: those came later, since only next() holds back.
  std::move(ready_.begin(), ready_.end(), std::back_inserter(released));
  ready_.swap(released);
}

bool input_gate::on_abort(epoch_id epoch) {
  if (!aligner_.on_abort(epoch)) return false;
  unblock();
  return true;
}

}  // namespace weir
