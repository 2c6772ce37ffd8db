// SPDX-License-Identifier: Apache-2.0
// batch_ring carries batches from one thread to one other; a batch is filled and read in place.
//
// Owner:      two threads: writable(), publish() and close() by the producer; readable(), release()
//             and closed() by the consumer. A batch belongs to whoever got it until publish() or
//             release().
// Invariants: (1) 0 <= written_ - read_ <= Batches; (2) nothing is published after close().
// Source:     Lamport 1983, with the other side's position cached (as in FastForward and its
//             descendants).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::bench {

template <class Record, std::size_t Capacity>
struct record_batch {
  using record = Record;
  static constexpr std::size_t capacity = Capacity;

  std::uint32_t size = 0;
  alignas(64)
      std::array<Record, Capacity> records;  // a record of 16 bytes never straddles two cache lines
};

template <class Batch, std::size_t Batches = 16>
class batch_ring {
 public:
  /// The next batch to fill, with whatever it held before; nullptr when the consumer is behind.
  Batch* writable() {
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    if (at - seen_read_ == Batches) {
      seen_read_ = read_.load(std::memory_order_acquire);
      if (at - seen_read_ == Batches) return nullptr;
    }
    return &batches_[at % Batches];
  }
  void publish() {
    written_.store(written_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  void close() { closed_.store(true, std::memory_order_release); }

  /// The oldest batch published; nullptr when there is none.
  Batch* readable() {
    const std::uint64_t at = read_.load(std::memory_order_relaxed);
    if (at == seen_written_) {
      seen_written_ = written_.load(std::memory_order_acquire);
      if (at == seen_written_) return nullptr;
    }
    return &batches_[at % Batches];
  }
  void release() {
    read_.store(read_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// When it was true before readable() gave nullptr, nothing more will come.
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t line = 64;
  alignas(line) std::atomic<std::uint64_t> written_{0};
  alignas(line) std::atomic<std::uint64_t> read_{0};
  alignas(line) std::uint64_t seen_read_ = 0;     // producer only
  alignas(line) std::uint64_t seen_written_ = 0;  // consumer only
  alignas(line) std::atomic<bool> closed_{false};
  alignas(line) std::array<Batch, Batches> batches_;
};

}  // namespace weir::bench
