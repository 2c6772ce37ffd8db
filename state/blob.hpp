// SPDX-License-Identifier: Apache-2.0
// blob is a chunk as it is stored: a header of 32 bytes that says what it is and carries a
// checksum, then its bytes.
//
// Owner:      functions without state.
// Invariants: read_blob gives back what write_blob was given, or an error; it never reads outside
//             the given bytes.
// Source:     docs/formats.md, section "Blob".
#pragma once

#include <cstdint>
#include <span>

#include "serialization/manifest.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// Offsets: 'B' 0, version 1, kind 2, zero 3 (u8 each), entries 4 (u32), epoch 8 (u64), first group
/// 16, last group 18 (u16), length 20 (u32), checksum 24 (u64), bytes 32.
inline constexpr std::size_t blob_header_bytes = 32;
inline constexpr std::uint8_t blob_version = 1;

/// What LMDB needs of the last page of a blob: chunks of 64 KiB minus this fit 16 pages of 4 KiB;
/// of 64 KiB take 17.
inline constexpr std::size_t blob_overhead_bytes = blob_header_bytes + 16;

/// The checksum that the blob of this chunk will carry: what its task declares (P12).
std::uint64_t blob_checksum(epoch_id epoch, const chunk& content);

/// Fills `to`, which has blob_header_bytes + chunk.bytes.size() bytes; returns the checksum.
std::uint64_t write_blob(std::span<std::byte> to, epoch_id epoch, const chunk& content);

/// Errors: corrupt (not what `expected` says, or checksum), incompatible (a newer version).
result<chunk> read_blob(std::span<const std::byte> stored, const chunk_ref& expected);

/// The cheap part of read_blob: length and header, without touching the bytes.
result<void> check_blob_header(std::span<const std::byte> stored, const chunk_ref& expected);

/// The epoch that wrote it. REQUIRES: check_blob_header() was content.
epoch_id blob_epoch(std::span<const std::byte> stored);

}  // namespace weir
