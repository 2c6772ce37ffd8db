// SPDX-License-Identifier: Apache-2.0
// machine_load tells how much of the machine's CPU others used during a run: other processes, and
// the host of a virtual machine. Where a run is meant to leave CPU idle, its own share of it says
// nothing about the quality of a measurement; this does.
//
// Owner:  plain values; reads /proc/stat and the CPU time of this process.
#pragma once

#include "bench/measure.hpp"

namespace weir::bench {

/// Starts when made.
class machine_load {
 public:
  machine_load();
  /// Of all the CPU time that there was since then, what did not go to this process and was not
  /// idle either; 0 where /proc is missing. Resolution: 10 ms of CPU.
  double foreign_share() const;

 private:
  struct reading {
    double busy_s = 0;  ///< with what the host took
    double all_s = 0;
  };
  static reading read();

  reading start_;
  double own_s_;
};

/// A run with more of it than this is void.
inline constexpr double foreign_share_max = 0.1;

}  // namespace weir::bench
