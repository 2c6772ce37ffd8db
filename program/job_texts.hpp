// SPDX-License-Identifier: Apache-2.0
// What the client verbs print for people: pure functions of the documents that a running job answers with.
//
// Owner:      free functions over values; any thread.
// Errors:     nlohmann::json::exception when a document lacks a field that is printed.
#pragma once

#include <cstdint>
#include <string>

#include "rest/document.hpp"

namespace weir {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);
/// "1 restart", "2 restarts"
std::string count_text(std::uint64_t count, const std::string& thing);
/// "1,234/s", or "1,234 records/s".
std::string rate_text(double per_second, const std::string& things = "");
/// "12.3 mb": for people, rounded.
std::string rounded_bytes(std::uint64_t bytes);

/// Of /jobs/:jobid/summary.
std::string status_text(const rest::document& summary, bool why);
/// Of /jobs/:jobid/checkpoints.
std::string checkpoints_text(const rest::document& checkpoints);
/// Of /jobs/:jobid/exceptions.
std::string exceptions_text(const rest::document& exceptions);

}  // namespace weir
