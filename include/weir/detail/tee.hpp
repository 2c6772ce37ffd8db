// SPDX-License-Identifier: Apache-2.0
// tee<T> hands each batch to several consumers: copies to all but the last, which gets the original.
//
// Owner:      the task that runs the chain.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "weir/core/collector.hpp"

namespace weir::detail {

template <class T>
class tee final : public batch_consumer<T> {
 public:
  explicit tee(std::vector<batch_consumer_base*> consumers) {
    for (auto* consumer : consumers)
      consumers_.push_back(static_cast<batch_consumer<T>*>(consumer));
  }
  void on_batch(batch<T>& records) override {
    for (std::size_t i = 0; i + 1 < consumers_.size(); ++i) {
      copy_.clear();
      for (const auto& record : records) copy_.emplace(record);
      copy_.time_us = records.time_us;
      consumers_[i]->on_batch(copy_);
      copy_.clear();
    }
    if (!consumers_.empty()) consumers_.back()->on_batch(records);
  }

 private:
  std::vector<batch_consumer<T>*> consumers_;
  batch<T> copy_;
};

/// Makes tees for records of type T; empty when they cannot be copied.
template <class T>
std::function<std::unique_ptr<batch_consumer_base>(std::vector<batch_consumer_base*>)> make_tee() {
  if constexpr (std::is_copy_constructible_v<T>) {
    return [](std::vector<batch_consumer_base*> consumers) {
      return std::make_unique<tee<T>>(std::move(consumers));
    };
  } else {
    return {};
  }
}

}  // namespace weir::detail
