// SPDX-License-Identifier: Apache-2.0
#include "actors/disk_strike.hpp"

#include <utility>

#include "actors/fault_strike.hpp"

namespace weir {
namespace {

disk_fault fault_of(fault_kind kind) {
  switch (kind) {
    case fault_kind::write_error:
      return disk_fault::write_error;
    case fault_kind::disk_full:
      return disk_fault::disk_full;
    case fault_kind::torn_write:
      return disk_fault::torn_write;
    case fault_kind::lost_write:
      return disk_fault::lost_write;
    default:
      return disk_fault::none;
  }
}

}  // namespace

disk_strike::disk_strike(std::shared_ptr<write_faults> plan, const log_fields& whose)
    : plan_(std::move(plan)), log_(log_layer::actors, whose) {}

void disk_strike::begin(std::optional<write_purpose> purpose) {
  purpose_ = purpose;
  if (!purpose) return;
  plan_->on_purpose(*purpose, [this](const fault_spec& fault) {
    tell(fault);
    strike(fault);
  });
}

disk_fault disk_strike::next_write() {
  const auto* fault = plan_->on_write(purpose_);
  if (fault == nullptr) return disk_fault::none;
  tell(*fault);
  return fault_of(fault->kind);
}

std::uint64_t disk_strike::up_to(std::uint64_t bound) {
  return std::uniform_int_distribution<std::uint64_t>(0, bound)(random_);
}

void disk_strike::crash() {
  kill_this_process();
}

void disk_strike::tell(const fault_spec& fault) const {
  log_.warn("injected fault \"" + fault.text + "\" hits");
}

}  // namespace weir
