// SPDX-License-Identifier: Apache-2.0
// fingerprint_of tells two jobs apart: processes with the same one run the same operators,
// connected alike, with the same states and records. The parallelism is not part of it, nor are
// settings of sources and sinks (a path, a port).
//
// Owner:      a pure function.
// Source:     XXH3, 64 bit, over a text in which every string is preceded by its length.
#pragma once

#include <cstdint>

#include "weir/core/graph.hpp"

namespace weir {

/// The graph must be sound (validate).
std::uint64_t fingerprint_of(const graph& logical);

}  // namespace weir
