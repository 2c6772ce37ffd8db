// SPDX-License-Identifier: Apache-2.0
// frame is the envelope of everything small that weir puts on disk: magic, version, length,
// checksum, bytes. It tells damage (corrupt) from bytes that a newer weir wrote (incompatible)
// before anybody looks inside.
//
// Owner:      functions without state.
// Invariants: (1) a changed, missing or additional byte is found; (2) opening never reads outside
//             the given bytes.
// Source:     docs/formats.md, section "Frame".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "weir/core/bytes.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// Offsets: magic 0 ("WEIR"), version 4 (u16), zero 6 (u16), length 8 (u64), checksum 16 (u64),
/// bytes 24.
inline constexpr std::size_t frame_header_bytes = 24;
inline constexpr std::uint16_t frame_version = 1;

/// A frame around a copy of `bytes`.
byte_vector seal(std::span<const std::byte> bytes);

/// The bytes inside; a view into `frame`. Errors: incompatible (a newer version), corrupt (all
/// else).
result<std::span<const std::byte>> open_frame(std::span<const std::byte> frame);

}  // namespace weir
