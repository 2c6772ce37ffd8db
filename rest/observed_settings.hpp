// SPDX-License-Identifier: Apache-2.0
// Reads the effective configuration of an observed job by key.
//
// Owner:      free functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coordinator/job_observation.hpp"

namespace weir::rest {

/// Empty when the key has no value.
std::string setting(const job_identity& of, std::string_view key);
/// Of a duration, in milliseconds; `fallback` when the key has no value or another form.
std::int64_t setting_ms(const job_identity& of, std::string_view key, std::int64_t fallback);
std::int64_t setting_number(const job_identity& of, std::string_view key, std::int64_t fallback);

/// The value as it may be told to whoever asks: never a token.
std::string shown_value(std::string_view key, const std::string& value);

}  // namespace weir::rest
