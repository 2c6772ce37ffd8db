// SPDX-License-Identifier: Apache-2.0
// The all-to-all exchange of the hand-written loops: every thread has a ring to every other, and
// one batch of its own for the records that stay.
//
// Owner:      exchange_rings by the thread that made it, until all its users are joined; an
//             exchange_end by one thread.
// Invariants: a thread that waits for room consumes what has arrived for it, so that two full rings
//             cannot block each other.
#pragma once

#include <memory>
#include <vector>

#include "bench/hand/batch_ring.hpp"
#include "bench/hand/spin_wait.hpp"

namespace weir::bench {

template <class Batch>
class exchange_rings {
 public:
  explicit exchange_rings(unsigned ways) : ways_(ways) {
    for (unsigned i = 0; i < ways * ways; ++i)
      rings_.push_back(std::make_unique<batch_ring<Batch>>());
  }
  unsigned ways() const { return ways_; }
  batch_ring<Batch>& between(unsigned from, unsigned to) { return *rings_[from * ways_ + to]; }

 private:
  unsigned ways_;
  std::vector<std::unique_ptr<batch_ring<Batch>>> rings_;
};

/// The end of thread `self`. Consume is called with each batch for this thread, its own ones too.
template <class Batch, class Consume>
class exchange_end {
 public:
  exchange_end(exchange_rings<Batch>& rings, unsigned self, Consume& consume)
      : rings_(rings), self_(self), consume_(consume), own_(std::make_unique<Batch>()) {}

  /// An empty batch to fill for thread `to`; waits for room. The same one until publish(to).
  Batch& open(unsigned to) {
    if (to == self_) return *own_;
    batch_ring<Batch>& ring = rings_.between(self_, to);
    Batch* batch = ring.writable();
    spin_wait wait;
    while (batch == nullptr) {
      if (!consume_arrived()) wait.pause();
      batch = ring.writable();
    }
    return *batch;
  }
  /// Hands over what open(to) gave; consumes it at once when it stays here.
  void publish(unsigned to) {
    if (to == self_) {
      consume_(*own_);
    } else {
      rings_.between(self_, to).publish();
    }
  }
  /// False when nothing had arrived.
  bool consume_arrived() {
    bool any = false;
    for (unsigned from = 0; from < rings_.ways(); ++from) {
      if (from == self_) continue;
      batch_ring<Batch>& ring = rings_.between(from, self_);
      for (Batch* batch = ring.readable(); batch != nullptr; batch = ring.readable()) {
        consume_(*batch);
        ring.release();
        any = true;
      }
    }
    return any;
  }
  /// Says that this thread publishes no more, and consumes until all others have said so.
  void finish() {
    for (unsigned to = 0; to < rings_.ways(); ++to) rings_.between(self_, to).close();
    spin_wait wait;
    for (;;) {
      const bool all_closed = others_closed();
      if (consume_arrived()) continue;
      if (all_closed) return;
      wait.pause();
    }
  }

 private:
  bool others_closed() const {
    for (unsigned from = 0; from < rings_.ways(); ++from) {
      if (!rings_.between(from, self_).closed()) return false;
    }
    return true;
  }

  exchange_rings<Batch>& rings_;
  unsigned self_;
  Consume& consume_;
  std::unique_ptr<Batch> own_;
};

}  // namespace weir::bench
