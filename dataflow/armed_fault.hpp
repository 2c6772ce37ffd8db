// SPDX-License-Identifier: Apache-2.0
// armed_fault is a fault as one thread sees it that it may hit: a task's, a lane's, or the store's. fault_inbox is its way
// to that thread.
//
// Owner:      armed_fault: the thread. counted_fault: the job's injector, which outlives it.
// Invariants: (1) no lock, and nothing shared but the count of a fault whose moment has come; (2) a fault hits at most
//             `times` times, over all threads; (3) an inbox without news costs its reader one load.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <utility>

#include "dataflow/fault_plan.hpp"

namespace weir {

/// A fault, and how often it has hit anything.
struct counted_fault {
  explicit counted_fault(fault_spec of) : what(std::move(of)) {}

  const fault_spec what;
  std::atomic<std::uint64_t> hits{0};
};

class armed_fault {
 public:
  armed_fault(counted_fault& of, std::seed_seq& seed) : of_(&of), random_(seed) {}

  const fault_spec& what() const { return of_->what; }
  /// The other selectors fit: whether chance and count do, too. If so the hit is counted.
  bool hits_now() {
    const auto& wanted = of_->what;
    if (wanted.chance && !std::bernoulli_distribution(*wanted.chance)(random_)) return false;
    auto so_far = of_->hits.load();
    do {
      if (wanted.times != 0 && so_far >= wanted.times) return false;
    } while (!of_->hits.compare_exchange_weak(so_far, so_far + 1));
    return true;
  }

 private:
  counted_fault* of_;
  std::mt19937_64 random_;
};

/// Any thread puts, one takes.
class fault_inbox {
 public:
  fault_inbox() = default;
  fault_inbox(const fault_inbox&) = delete;
  fault_inbox& operator=(const fault_inbox&) = delete;
  ~fault_inbox() {
    take([](armed_fault&&) {});
  }

  void put(armed_fault fault) {
    auto* made = new node{std::move(fault), newest_.load(std::memory_order_relaxed)};
    while (!newest_.compare_exchange_weak(made->before, made, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    }
  }
  /// Calls `use` with what has come, the oldest first.
  template <class Use>
  void take(Use&& use) {
    if (newest_.load(std::memory_order_relaxed) == nullptr) return;
    node* oldest = nullptr;
    for (node* at = newest_.exchange(nullptr, std::memory_order_acquire); at != nullptr;) {
      node* const before = std::exchange(at->before, oldest);
      oldest = std::exchange(at, before);
    }
    while (oldest != nullptr) {
      use(std::move(oldest->fault));
      delete std::exchange(oldest, oldest->before);
    }
  }

 private:
  struct node {
    armed_fault fault;
    node* before;
  };
  std::atomic<node*> newest_{nullptr};
};

}  // namespace weir
