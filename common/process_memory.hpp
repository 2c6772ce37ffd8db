// SPDX-License-Identifier: Apache-2.0
// What the kernel says about this process's memory.
//
// Owner:      free functions; any thread. They read /proc.
#pragma once

#include <cstdint>

namespace weir {

/// Resident bytes that belong to this process alone: without pages of files, which the kernel can drop at any time. 0 when
/// /proc does not say.
std::uint64_t private_memory_bytes();
/// All resident bytes; 0 when /proc does not say.
std::uint64_t resident_memory_bytes();

}  // namespace weir
