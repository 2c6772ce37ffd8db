// SPDX-License-Identifier: Apache-2.0
// How typed code leaves a task: an exchange_output<T> cuts batches for the channels of one exchange (round robin, to all,
// straight ahead; by key: weir/detail/key_output.hpp) and gives full ones to its exchange_port, which the runtime implements with credits.
//
// Owner:      the sending task.
// Invariants: an output holds at most one open batch a channel; flush() empties them all, in channel order (P1).
// Source:     ARCHITECTURE.md sections 2 (principles 4, 5) and 5.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weir/core/batch.hpp"
#include "weir/core/collector.hpp"
#include "weir/core/key_group.hpp"

namespace weir {

/// The sending ends of all channels of one exchange of one task.
class exchange_port {
 public:
  virtual ~exchange_port() = default;
  virtual std::uint32_t channel_count() const = 0;
  /// A used batch of this exchange's type, cleared; nullptr when there is none.
  virtual batch_ptr recycled() = 0;
  /// Queues behind what waits for credit on this channel already.
  virtual void send(std::uint32_t channel, batch_ptr records) = 0;
};

/// The type-erased face of an exchange_output.
class exchange_sender {
 public:
  virtual ~exchange_sender() = default;
  virtual batch_consumer_base& consumer() = 0;
  /// Sends what the open batches hold.
  virtual void flush() = 0;
  virtual bool holds_records() const = 0;
};

template <class T>
class exchange_output : public exchange_sender, public batch_consumer<T> {
 public:
  explicit exchange_output(exchange_port& port) : port_(port), open_(port.channel_count()) {
    for (auto& open : open_) open = fresh();
  }
  batch_consumer_base& consumer() override { return *this; }
  void flush() override {
    for (std::uint32_t channel = 0; channel < open_.size(); ++channel) {
      if (!open_of(channel).empty()) send(channel);
    }
  }
  bool holds_records() const override {
    for (const auto& open : open_) {
      if (!open->empty()) return true;
    }
    return false;
  }

 protected:
  std::uint32_t channels() const { return static_cast<std::uint32_t>(open_.size()); }
  batch<T>& open_of(std::uint32_t channel) { return static_cast<batch<T>&>(*open_[channel]); }
  void send(std::uint32_t channel) { port_.send(channel, replace_open(channel)); }
  /// The channel's open batch; a fresh one is in its place.
  batch_ptr replace_open(std::uint32_t channel) {
    batch_ptr made = fresh();
    return std::exchange(open_[channel], std::move(made));
  }
  exchange_port& port() { return port_; }

 private:
  batch_ptr fresh() {
    batch_ptr records = port_.recycled();
    return records ? std::move(records) : batch_ptr(new batch<T>());
  }

  exchange_port& port_;
  std::vector<batch_ptr> open_;
};

/// forward and rebalance: whole batches, to one channel after the other (forward has exactly one).
template <class T>
class rotating_output final : public exchange_output<T> {
 public:
  using exchange_output<T>::exchange_output;

  void on_batch(batch<T>& records) override {
    auto& open = this->open_of(next_);
    if (open.empty()) {
      open.swap_records(records);
    } else {
      for (auto& record : records) {
        auto& target = this->open_of(next_);
        if (target.empty()) target.time_us = records.time_us;
        target.emplace(std::move(record));
        if (target.full()) send_and_turn();
      }
      return;
    }
    if (this->open_of(next_).size() >= open.capacity() / 2) send_and_turn();
  }

 private:
  void send_and_turn() {
    this->send(next_);
    if (++next_ == this->channels()) next_ = 0;
  }
  std::uint32_t next_ = 0;
};

/// broadcast: one shared batch for all channels.
template <class T>
class broadcast_output final : public exchange_output<T> {
 public:
  static_assert(std::is_copy_constructible_v<T>,
                "broadcast() needs a record type that can be copied");
  using exchange_output<T>::exchange_output;

  void on_batch(batch<T>& records) override {
    auto& open = this->open_of(0);
    if (!open.empty()) flush();
    this->open_of(0).swap_records(records);
    if (this->open_of(0).size() >= batch<T>::capacity() / 2) flush();
  }
  void flush() override {
    if (this->open_of(0).empty()) return;
    batch_ptr shared(new batch<T>());
    static_cast<batch<T>&>(*shared).swap_records(this->open_of(0));
    shared->shared = this->channels() > 1;
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) {
      this->port().send(channel, shared);
    }
  }
};

}  // namespace weir
