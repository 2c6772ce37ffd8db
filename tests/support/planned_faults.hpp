// SPDX-License-Identifier: Apache-2.0
// planned_faults is a disk_faults that a test writes down: the write of a number goes wrong, and a crash is an exception.
//
// Owner:      one test; one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <random>

#include "weir/core/disk_faults.hpp"

namespace weir::test {

/// Instead of the end of the process.
struct process_crashed {};

class planned_faults final : public disk_faults {
 public:
  explicit planned_faults(std::uint64_t seed) : random_(seed) {}

  void at_write(std::uint64_t number, disk_fault what) { at_ = number, what_ = what; }
  std::uint64_t writes() const { return writes_; }
  /// How many writes have met their fault, and how often the process has ended.
  std::uint64_t hits() const { return hits_; }
  std::uint64_t crashes() const { return crashes_; }

  disk_fault next_write() override {
    if (writes_++ != at_) return disk_fault::none;
    ++hits_;
    return what_;
  }
  std::uint64_t up_to(std::uint64_t bound) override {
    return std::uniform_int_distribution<std::uint64_t>(0, bound)(random_);
  }
  [[noreturn]] void crash() override {
    ++crashes_;
    throw process_crashed{};
  }

 private:
  std::mt19937_64 random_;
  std::uint64_t at_ = std::numeric_limits<std::uint64_t>::max();
  disk_fault what_ = disk_fault::none;
  std::uint64_t writes_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace weir::test
