// SPDX-License-Identifier: Apache-2.0
#include "coordinator/injection_settings.hpp"

#include <utility>

namespace weir {

result<injection_settings> injection_settings::from(const configuration& settings) {
  injection_settings made;
  made.enabled = settings.get_boolean("weir.injection.enabled");
  if (settings.is_set("weir.injection.plan")) {
    auto plan = parse_fault_plan(settings.get_text("weir.injection.plan"));
    if (!plan) return plan.error();
    made.plan = std::move(*plan);
  }
  if (settings.is_set("weir.injection.seed")) {
    made.seed = static_cast<std::uint64_t>(settings.get_integer("weir.injection.seed"));
  }
  return made;
}

std::string injection_settings::notice() const {
  if (enabled || plan.empty()) return {};
  return "setting weir.injection.plan has no effect: weir.injection.enabled is false";
}

}  // namespace weir
