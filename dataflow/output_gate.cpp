// SPDX-License-Identifier: Apache-2.0
#include "dataflow/output_gate.hpp"

#include <utility>

#include "weir/core/check.hpp"

namespace weir {

output_gate::output_gate(std::uint32_t exchange, std::vector<channel_end> receivers,
                         attempt_id attempt, task_ports& ports)
    : exchange_(exchange),
      attempt_(attempt),
      ports_(ports),
      meters_(std::make_shared<channel_meters>(receivers.size())) {
  for (const auto& receiver : receivers) {
    channels_.emplace_back();
    channels_.back().to = receiver;
  }
}

batch_ptr output_gate::recycled() {
  if (pool_.empty()) return {};
  batch_ptr records = std::move(pool_.back());
  pool_.pop_back();
  return records;
}

void output_gate::send(std::uint32_t channel, batch_ptr records) {
  auto& to = channels_[channel];
  element what;
  what.number = to.next_number++;
  ++to.batches;
  to.records += records->size();
  records_sent_ += records->size();
  auto& meter = (*meters_)[channel];
  meter.batches.add(1);
  meter.records.add(records->size());
  meter.bytes.add(records->bytes());
  what.content = std::move(records);
  put(channel, std::move(what));
}

void output_gate::send_marker(epoch_id epoch) {
  sender_->flush();  // P1: the marker never leaves before what the gate holds
  for (std::uint32_t channel = 0; channel < channels_.size(); ++channel) {
    send_control(channel, element::kind::marker, epoch);
  }
}

void output_gate::send_end() {
  sender_->flush();
  for (std::uint32_t channel = 0; channel < channels_.size(); ++channel) {
    send_control(channel, element::kind::end, {});
  }
}

void output_gate::flush() {
  sender_->flush();
}

void output_gate::send_control(std::uint32_t index, element::kind kind, epoch_id epoch) {
  auto& channel = channels_[index];
  element what;
  what.what = kind;
  what.epoch = epoch;
  what.batches = std::exchange(channel.batches, 0);
  what.records = std::exchange(channel.records, 0);
  put(index, std::move(what));
}

void output_gate::put(std::uint32_t index, element what) {
  auto& channel = channels_[index];
  what.channel = channel.to.peer_channel;
  what.attempt = attempt_;
  if (channel.waiting.empty()) ++waiting_;
  channel.waiting.push_back(std::move(what));
  release(index);
}

void output_gate::release(std::uint32_t index) {
  auto& channel = channels_[index];
  while (!channel.waiting.empty()) {
    element& next = channel.waiting.front();
    if (next.what == element::kind::batch) {  // P1: only batches need credit, but nothing overtakes
      if (channel.credits == 0) break;
      --channel.credits;
    }
    ports_.send(channel.to.peer, std::move(next));
    channel.waiting.pop_front();
  }
  if (channel.waiting.empty()) --waiting_;
  show(index);
}

void output_gate::show(std::uint32_t index) {
  const auto& channel = channels_[index];
  (*meters_)[index].in_flight.set(channel_credits - channel.credits);
  (*meters_)[index].waits.set(!channel.waiting.empty());
}

void output_gate::on_credit(credit_return what) {
  WEIR_CHECK(what.channel < channels_.size(), "credit for channel", what.channel, "of exchange",
             exchange_, "with", channels_.size());
  if (what.emptied && what.emptied->has_one_reader() && !what.emptied->shared &&
      pool_.size() < channels_.size() * channel_credits) {
    what.emptied->clear();
    pool_.push_back(std::move(what.emptied));
  }
  if (what.attempt != attempt_) return;  // P3: credit belongs to an attempt
  auto& channel = channels_[what.channel];
  ++channel.credits;
  WEIR_CHECK(channel.credits <= channel_credits, "channel", what.channel, "of exchange", exchange_,
             "got more credit than its window");
  if (channel.waiting.empty()) return show(what.channel);
  release(what.channel);
}

}  // namespace weir
