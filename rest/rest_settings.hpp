// SPDX-License-Identifier: Apache-2.0
// rest_settings say whether and where a job answers HTTP, and to whom.
//
// Owner:      a value.
// Invariants: without a token the server listens at the loopback only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/configuration.hpp"

namespace weir::rest {

/// Whether there is a server when nobody has set rest.port.
enum class serving : std::uint8_t { when_asked, always };

struct rest_settings {
  std::optional<std::uint16_t> port;  ///< nothing: no server; 0: a free one
  bool port_was_set = false;          ///< then it is an error when it is taken
  std::string bind_address;
  std::string name;  ///< rest.address
  std::string token;
  std::chrono::nanoseconds keep_triggers{};
  bool may_cancel = true;

  /// REQUIRES: rule() holds.
  static rest_settings from(const configuration& config, serving by_default);
  /// Off loopback there is a token.
  static settings_rule rule();
};

}  // namespace weir::rest
