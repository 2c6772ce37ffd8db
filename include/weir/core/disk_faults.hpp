// SPDX-License-Identifier: Apache-2.0
// disk_faults is what a disk that is to fail asks before each write: the decorators of the ports of disks
// (connectors/injected_disk, state/injected_table) are on one side, the user's plan of faults on the other.
//
// Owner:      whoever injects; used by the one thread that writes to the disk.
// Invariants: crash() does not return: it ends the process, or, in a test, throws.
#pragma once

#include <cstdint>

namespace weir {

enum class disk_fault : std::uint8_t {
  none,
  write_error,  ///< the write fails; a part of it may be on the disk
  disk_full,    ///< the same, for want of space
  torn_write,   ///< the process dies in the middle of the write
  lost_write,  ///< the write succeeds; before it is durable the process dies, and the disk forgets it
};

class disk_faults {
 public:
  virtual ~disk_faults() = default;
  /// What happens to the write that is about to be made.
  virtual disk_fault next_write() = 0;
  /// How much of a write reaches the disk is up to chance: a number in [0, bound].
  virtual std::uint64_t up_to(std::uint64_t bound) = 0;
  [[noreturn]] virtual void crash() = 0;
};

}  // namespace weir
