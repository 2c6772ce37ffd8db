// SPDX-License-Identifier: Apache-2.0
// output_gate is the sending end of all channels of one exchange of one task: it numbers and counts batches (P2), sends
// while there is credit (P3), keeps what has none in order behind it, and puts markers and ends after that (P1).
//
// Owner:      the sending task.
// Invariants: (1) what waits on a channel is sent in the order in which it came; (2) credits + batches in flight ==
//             channel_credits, per channel and attempt; (3) the pool holds at most channel_credits batches a channel.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "dataflow/plan.hpp"
#include "dataflow/task_meter.hpp"
#include "dataflow/task_ports.hpp"
#include "weir/core/exchange.hpp"

namespace weir {

class output_gate final : public exchange_port {
 public:
  output_gate(std::uint32_t exchange, std::vector<channel_end> receivers, attempt_id attempt,
              task_ports& ports);

  /// Makes the typed sender; once, before anything else.
  void open(const exchange_factory& make) { sender_ = make(*this); }
  exchange_sender& sender() { return *sender_; }

  // -- exchange_port --
  std::uint32_t channel_count() const override {
    return static_cast<std::uint32_t>(channels_.size());
  }
  batch_ptr recycled() override;
  void send(std::uint32_t channel, batch_ptr records) override;

  /// Sends open batches, then the marker, on every channel.
  void send_marker(epoch_id epoch);
  void send_end();
  void flush();
  /// A batch comes back. Of an older attempt it brings memory, but no credit (P3).
  void on_credit(credit_return what);

  /// True while something waits for credit: the task must take no more input.
  bool blocked() const { return waiting_ != 0; }
  bool holds_records() const { return sender_->holds_records(); }
  std::uint32_t exchange() const { return exchange_; }
  std::uint64_t records_sent() const { return records_sent_; }
  /// By channel; they outlive the gate.
  std::shared_ptr<const channel_meters> meters() const { return meters_; }

 private:
  struct channel_state {
    channel_end to;
    std::uint32_t credits = channel_credits;
    std::uint64_t next_number = 0;
    std::uint64_t batches = 0;  // since the last marker
    std::uint64_t records = 0;
    std::deque<element> waiting;
  };
  void put(std::uint32_t channel, element what);
  void release(std::uint32_t channel);
  void send_control(std::uint32_t channel, element::kind what, epoch_id epoch);
  void show(std::uint32_t channel);

  std::uint32_t exchange_;
  attempt_id attempt_;
  task_ports& ports_;
  std::vector<channel_state> channels_;
  std::shared_ptr<channel_meters> meters_;
  std::unique_ptr<exchange_sender> sender_;
  std::vector<batch_ptr> pool_;
  std::uint32_t waiting_ = 0;  // channels with something in `waiting`
  std::uint64_t records_sent_ = 0;
};

}  // namespace weir
