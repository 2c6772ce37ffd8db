// SPDX-License-Identifier: Apache-2.0
// collector<T> is where operator code puts its results: emit() appends to a batch with no virtual call; a full batch goes
// on to the next operator of the chain, or to the exchange, with one.
//
// Owner:      the task that runs the operator. Never kept beyond the call that received it.
// Invariants: next_ < end_ between calls: there is always room for one record.
#pragma once

#include <concepts>
#include <new>
#include <utility>

#include "weir/core/batch.hpp"

namespace weir {

template <class T>
class collector {
 public:
  using value_type = T;

  collector(const collector&) = delete;
  collector& operator=(const collector&) = delete;

  void emit(T&& record) { emplace(std::move(record)); }
  void emit(const T& record) { emplace(record); }
  /// Constructs the record in place.
  template <class... Args>
  requires std::constructible_from<T, Args...>
  void emplace(Args&&... args) {
    new (next_) T(std::forward<Args>(args)...);
    if (++next_ == end_) [[unlikely]]
      pass_on();
  }

 protected:
  collector() = default;
  ~collector() = default;
  /// Hands on what was collected and makes room again.
  virtual void pass_on() = 0;

  T* next_ = nullptr;
  T* end_ = nullptr;
};

/// Takes batches of one type; the runtime sees only this base.
class batch_consumer_base {
 public:
  virtual ~batch_consumer_base() = default;
  /// The batch must hold records of the consumer's type; the planner guarantees it.
  virtual void accept(batch_base& records) = 0;
};

template <class T>
class batch_consumer : public batch_consumer_base {
 public:
  using value_type = T;
  /// May move from the records and may swap them out; the caller clears what is left.
  virtual void on_batch(batch<T>& records) = 0;
  void accept(batch_base& records) final { on_batch(static_cast<batch<T>&>(records)); }
};

/// The collector between two operators of one chain: owns one batch and passes it to its consumer.
template <class T>
class batch_collector final : public collector<T> {
 public:
  batch_collector() { rewind(); }

  /// Emits like the collector, with its position in registers for the length of a loop. Nobody else may emit meanwhile.
  class cursor {
   public:
    explicit cursor(batch_collector& into) : into_(into), next_(into.next_), end_(into.end_) {}
    ~cursor() {
      if (next_ != nullptr) into_.next_ = next_;
    }
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;

    template <class Record>
    void emit(Record&& record) {
      new (next_) T(std::forward<Record>(record));
      if (++next_ == end_) [[unlikely]]
        pass_on();
    }

   private:
    [[gnu::noinline]] void pass_on() {
      into_.next_ = std::exchange(
          next_, nullptr);  // nullptr: should the consumer throw, the collector knows better
      into_.pass_on();
      next_ = into_.next_;
      end_ = into_.end_;
    }
    batch_collector& into_;
    T* next_;
    T* end_;
  };

  void set_consumer(batch_consumer<T>* consumer) { consumer_ = consumer; }
  /// Records emitted from now on belong to this time, unless older ones are still waiting here.
  void set_time(std::int64_t time_us) {
    if (this->next_ == records_.data()) records_.time_us = time_us;
  }
  /// Hands on what is there, if anything.
  void flush() {
    if (this->next_ != records_.data()) pass_on();
  }
  /// Drops what is there (roll back).
  void drop() {
    settle();
    records_.clear();
    rewind();
  }
  ~batch_collector() { settle(); }

 private:
  void settle() {
    if (this->next_ == nullptr) return;  // the consumer threw: it decided what is left in the batch
    records_.set_size(static_cast<std::uint32_t>(this->next_ - records_.data()));
    this->next_ = this->end_ = nullptr;
  }
  void rewind() {
    this->next_ = records_.data();
    this->end_ = records_.data() + records_.capacity();
  }
  void pass_on() override {
    settle();
    const auto time = records_.time_us;
    if (consumer_ != nullptr) consumer_->on_batch(records_);
    records_.clear();
    records_.time_us = time;
    rewind();  // the consumer may have swapped the memory
  }

  batch<T> records_;
  batch_consumer<T>* consumer_ = nullptr;
};

}  // namespace weir
