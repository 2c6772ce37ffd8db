// SPDX-License-Identifier: Apache-2.0
// read_settings is what one source of settings, or several in rising order, gave: the settings as
// they stood there, unchecked, and what could not be read.
//
// Owner:      a value.
// Invariants: a mistake begins with its origin, and shows no value of a secret.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/setting.hpp"

namespace weir {

struct read_settings {
  std::vector<setting> given;
  std::vector<std::string> mistakes;

  /// Adds what overrides this.
  void append(read_settings later);
};

/// Texts "key=value".
read_settings read_assignments(std::span<const std::string> assignments, std::string_view origin);

}  // namespace weir
