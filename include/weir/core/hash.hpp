// SPDX-License-Identifier: Apache-2.0
// The key hash: a fixed 64-bit function of a key's codec bytes. Its high bits choose the key group and the slot, so it is
// part of the format on disk: key_hash_version is written in every manifest and must match at a restore.
//
// Source: keys of up to 8 bytes: one round of a folded 64 x 64 -> 128 multiply (as in wyhash, Wang Yi 2019) over the
//         zero-extended value; all others: XXH3, 64 bit (Yann Collet, xxHash 0.8).
#pragma once

#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#if defined(__AVX512F__) && !defined(XXH_VECTOR)
#define XXH_VECTOR 2  // AVX2: the same hash; g++ 12 warns falsely inside its own AVX-512 intrinsics
#endif
#include <xxhash.h>

namespace weir {

inline constexpr std::uint32_t key_hash_version = 1;

/// Hash of a fixed-size key of at most 8 bytes, zero-extended.
inline std::uint64_t hash_scalar(std::uint64_t bits) {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(bits ^ 0x2d358dccaa6c78a5ULL) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Hash of a run of bytes.
inline std::uint64_t hash_bytes(const void* data, std::size_t size) {
  return XXH3_64bits(data, size);
}
inline std::uint64_t hash_bytes(std::string_view bytes) {
  return hash_bytes(bytes.data(), bytes.size());
}

}  // namespace weir
