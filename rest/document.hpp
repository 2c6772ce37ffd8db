// SPDX-License-Identifier: Apache-2.0
// document is one JSON answer. Fields keep the order in which they were added, which is that of Flink's description.
//
// Owner:      a value.
// Invariants: as text it is valid UTF-8, whatever bytes names and messages hold.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace weir::rest {

using document = nlohmann::ordered_json;

/// On one line, for machines; bytes that are no UTF-8 are replaced.
std::string to_text(const document& of);
/// Indented, for people.
std::string to_pretty_text(const document& of);

}  // namespace weir::rest
