// SPDX-License-Identifier: Apache-2.0
// latency_samples keeps every latency it is given, so that percentiles are exact, in memory that is
// made and touched beforehand: adding one is a store.
//
// Owner:      one thread; hand it over, or give each thread its own and merge() afterwards.
// Invariants: samples beyond the capacity are counted in dropped(), never silently lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::bench {

class latency_samples {
 public:
  explicit latency_samples(std::size_t capacity) : nanos_(capacity) {}

  void add(std::uint64_t nanos) {
    if (size_ < nanos_.size()) [[likely]] {
      nanos_[size_++] = nanos;
    } else {
      ++dropped_;
    }
  }
  /// Appends the samples of another, growing as needed.
  void merge(const latency_samples& other);
  /// Forgets everything added so far (the end of a warm-up); keeps the memory.
  void clear() { size_ = dropped_ = 0; }

  std::size_t size() const { return size_; }
  std::size_t dropped() const { return dropped_; }
  /// The smallest sample that at least `percent` of all samples do not exceed (nearest rank); 0 of
  /// none. 0 <= percent <= 100. Reorders the samples; O(size).
  std::uint64_t percentile(double percent);

 private:
  std::vector<std::uint64_t> nanos_;
  std::size_t size_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace weir::bench
