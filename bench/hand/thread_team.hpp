// SPDX-License-Identifier: Apache-2.0
// run_threads times n threads that do one thing each: all are started and waiting before the clock
// runs, and the clock stops when the last is joined.
//
// Owner: the calling thread, which sleeps meanwhile.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "bench/hand/spin_wait.hpp"
#include "bench/measure.hpp"

namespace weir::bench {

/// Calls body(0) .. body(threads - 1), each in a thread of its own. body must not throw.
template <class Body>
run_cost run_threads(unsigned threads, const Body& body) {
  std::atomic<unsigned> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> team;
  for (unsigned self = 0; self < threads; ++self) {
    team.emplace_back([&body, &ready, &go, self] {
      ready.fetch_add(1, std::memory_order_release);
      for (spin_wait wait; !go.load(std::memory_order_acquire);) wait.pause();
      body(self);
    });
  }
  while (ready.load(std::memory_order_acquire) < threads) std::this_thread::yield();
  const stopwatch watch;
  go.store(true, std::memory_order_release);
  for (std::thread& thread : team) thread.join();
  return watch.elapsed();
}

}  // namespace weir::bench
