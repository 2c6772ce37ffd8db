// SPDX-License-Identifier: Apache-2.0
// injection_settings says which faults a user wants to be injected.
//
// Owner:      a value; read from the configuration at the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/configuration.hpp"
#include "dataflow/fault_plan.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct injection_settings {
  bool enabled = false;
  fault_plan plan;
  std::optional<std::uint64_t> seed;  ///< none: a new one each time

  /// Errors: invalid_argument for a plan that cannot be read, enabled or not.
  static result<injection_settings> from(const configuration& settings);
  /// What a user should know; or empty.
  std::string notice() const;
};

}  // namespace weir
