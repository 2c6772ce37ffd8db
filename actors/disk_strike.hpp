// SPDX-License-Identifier: Apache-2.0
// disk_strike is what the user's plan says about the writes of one disk, made to happen.
//
// Owner:      the thread that writes to the disk: the snapshot store's actor, or a source's lane.
#pragma once

#include <memory>
#include <optional>
#include <random>

#include "common/log.hpp"
#include "dataflow/write_faults.hpp"
#include "weir/core/disk_faults.hpp"

namespace weir {

class disk_strike final : public disk_faults {
 public:
  disk_strike(std::shared_ptr<write_faults> plan, const log_fields& whose);

  /// For what the store writes from now on; this thread, or the process, may be hit at once.
  void begin(std::optional<write_purpose> purpose);

  disk_fault next_write() override;
  std::uint64_t up_to(std::uint64_t bound) override;
  [[noreturn]] void crash() override;

 private:
  void tell(const fault_spec& fault) const;

  std::shared_ptr<write_faults> plan_;
  logger log_;
  std::optional<write_purpose> purpose_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace weir
