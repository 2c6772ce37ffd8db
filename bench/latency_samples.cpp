// SPDX-License-Identifier: Apache-2.0
#include "bench/latency_samples.hpp"

#include <algorithm>
#include <cmath>

namespace weir::bench {

void latency_samples::merge(const latency_samples& other) {
  if (nanos_.size() < size_ + other.size_) nanos_.resize(size_ + other.size_);
  std::copy_n(other.nanos_.begin(), other.size_,
              nanos_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += other.size_;
  dropped_ += other.dropped_;
}

std::uint64_t latency_samples::percentile(double percent) {
  if (size_ == 0) return 0;
  // The small term keeps 99.9 % of 1000 at rank 999, although the product is a hair above it in
  // binary.
  const double rank = std::ceil(percent / 100 * static_cast<double>(size_) - 1e-6);
  const std::size_t index =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::max(rank, 1.0)), 1, size_) - 1;
  const auto at = nanos_.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(nanos_.begin(), at, nanos_.begin() + static_cast<std::ptrdiff_t>(size_));
  return *at;
}

}  // namespace weir::bench
