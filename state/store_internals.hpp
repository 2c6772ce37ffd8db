// SPDX-License-Identifier: Apache-2.0
// What the sources of snapshot_store share: the keys of its table (a class in the highest byte, a
// number below it), and how an error gets its place.
//
// Invariants: blobs have the highest class, so that a new blob is always the highest key of the
//             tree and can be appended (MDB_APPEND, P12) whatever else is written between.
// Source:     docs/formats.md, section "Snapshot store".
#pragma once

#include <cstdint>
#include <string>

#include "weir/core/error.hpp"
#include "weir/core/ids.hpp"

namespace weir::detail {

inline constexpr unsigned class_shift = 56;
inline constexpr std::uint64_t number_mask = (std::uint64_t{1} << class_shift) - 1;
inline constexpr std::uint64_t superblock_key = 0;
inline constexpr std::uint64_t counters_key = 1;
inline constexpr std::uint64_t poison_key = 2;
inline constexpr std::uint64_t manifest_class = 1;
inline constexpr std::uint64_t blob_class = 2;
inline constexpr std::uint64_t manifest_key(epoch_id epoch) {
  return manifest_class << class_shift | epoch.value;
}
inline constexpr std::uint64_t blob_key(std::uint64_t blob) {
  return blob_class << class_shift | blob;
}

inline error prefixed(const std::string& place, error failure) {
  failure.message.insert(0, place + ": ");
  return failure;
}

}  // namespace weir::detail
