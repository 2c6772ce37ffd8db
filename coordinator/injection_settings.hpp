// SPDX-License-Identifier: Apache-2.0
// injection_settings says which faults a user wants to be injected.
//
// Owner:      a value; read from the configuration at the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/configuration.hpp"
#include "dataflow/fault_plan.hpp"

namespace weir {

struct injection_settings {
  bool enabled = false;
  fault_plan plan;
  std::optional<std::uint64_t> seed;  ///< none: a new one each time

  /// REQUIRES: rule() holds.
  static injection_settings from(const configuration& settings);
  /// The plan can be read, enabled or not.
  static settings_rule rule();
  /// What a user should know: a plan that is not enabled.
  std::vector<std::string> notices(const configuration& settings) const;
};

}  // namespace weir
