// SPDX-License-Identifier: Apache-2.0
#include "coordinator/injection_settings.hpp"

#include <utility>

namespace weir {

injection_settings injection_settings::from(const configuration& settings) {
  WEIR_CHECK(rule().holds(settings));
  injection_settings made;
  made.enabled = settings.get_boolean("weir.injection.enabled");
  if (settings.is_set("weir.injection.plan")) {
    made.plan = *parse_fault_plan(settings.get_text("weir.injection.plan"));
  }
  if (settings.is_set("weir.injection.seed")) {
    made.seed = static_cast<std::uint64_t>(settings.get_integer("weir.injection.seed"));
  }
  return made;
}

settings_rule injection_settings::rule() {
  return {{"weir.injection.plan"}, [](const configuration& settings) -> std::string {
            if (!settings.is_set("weir.injection.plan")) return {};
            const auto plan = parse_fault_plan(settings.get_text("weir.injection.plan"));
            return plan ? std::string() : plan.error().message;
          }};
}

std::vector<std::string> injection_settings::notices(const configuration& settings) const {
  std::vector<std::string> all;
  for (const auto* key : {"weir.injection.plan", "weir.injection.seed"}) {
    if (enabled || !settings.is_set(key)) continue;
    all.push_back(settings.without_effect(key, "weir.injection.enabled is false"));
  }
  return all;
}

}  // namespace weir
