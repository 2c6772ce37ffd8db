// SPDX-License-Identifier: Apache-2.0
// Words for what checkpoints hold, the same in every tool.
//
// Owner:      functions without state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "serialization/manifest.hpp"
#include "weir/core/chunk.hpp"

namespace weir {

constexpr std::string_view to_string(checkpoint_kind kind) {
  switch (kind) {
    case checkpoint_kind::periodic:
      return "periodic";
    case checkpoint_kind::savepoint:
      return "savepoint";
    case checkpoint_kind::initial:
      return "initial";
    case checkpoint_kind::final:
      return "final";
  }
  return "unknown";
}

constexpr std::string_view to_string(chunk_kind kind) {
  switch (kind) {
    case chunk_kind::entries:
      return "entries";
    case chunk_kind::erased:
      return "erased";
    case chunk_kind::elements:
      return "elements";
  }
  return "unknown";
}

/// Milliseconds since 1970: "2026-11-23 08:00:00.123 UTC".
std::string print_utc(std::uint64_t unix_ms);

}  // namespace weir
