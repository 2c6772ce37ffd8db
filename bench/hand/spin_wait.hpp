// SPDX-License-Identifier: Apache-2.0
// spin_wait is one wait for another thread: it spins, and after a while yields, so that more
// threads than cores still get on.
//
// Owner: one thread, one wait.
#pragma once

#include <immintrin.h>

#include <thread>

namespace weir::bench {

class spin_wait {
 public:
  void pause() {
    if (++rounds_ < spins_max) {
      _mm_pause();
    } else {
      std::this_thread::yield();
    }
  }

 private:
  static constexpr unsigned spins_max = 256;  // some 10 us: longer than a batch takes its consumer
  unsigned rounds_ = 0;
};

}  // namespace weir::bench
