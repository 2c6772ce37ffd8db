// SPDX-License-Identifier: Apache-2.0
// What weir's own sources and sinks keep in a checkpoint beside state, as fields for people: positions in splits, and
// files that a sink has prepared and not yet shown. Whose bytes they are is told by their form (docs/formats.md).
//
// Owner:      functions without state.
// Invariants: bytes of no known form give no fields, never a wrong one that a decoder would refuse.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "serialization/manifest.hpp"

namespace weir {

struct stored_field {
  std::string name;
  std::variant<std::uint64_t, std::string, bool> value;
};

/// Empty: a source of the application's own.
std::vector<stored_field> fields_of(const source_split& split);
/// Empty: a sink of the application's own.
std::vector<stored_field> fields_of_intent(std::span<const std::byte> intent);

}  // namespace weir
