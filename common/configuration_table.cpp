// SPDX-License-Identifier: Apache-2.0
#include "common/configuration_table.hpp"

#include <vector>

namespace weir {

std::span<const configuration_group> configuration_groups() {
  static const configuration_group groups[] = {
      detail::checkpointing_keys(), detail::recovery_keys(), detail::restart_keys(),
      detail::job_keys(),           detail::state_keys(),    detail::process_keys(),
      detail::http_keys(),          detail::metrics_keys(),  detail::injection_keys(),
      detail::cluster_keys(),
  };
  return groups;
}

std::span<const configuration_key> configuration_keys() {
  static const std::vector<configuration_key> keys = [] {
    std::vector<configuration_key> all;
    for (const auto& group : configuration_groups()) {
      all.insert(all.end(), group.keys.begin(), group.keys.end());
    }
    return all;
  }();
  return keys;
}

}  // namespace weir
