// SPDX-License-Identifier: Apache-2.0
// packed_word is a word of up to 15 bytes in two registers, zero-padded, with its length in the
// highest byte; a longer one is its address and its length.
//
// Owner:      a value; a long one points into the mapped text, which must stay.
// Invariants: equal short words are equal values, different ones differ, and none is {0, 0}.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bench/works.hpp"

namespace weir::bench {

struct packed_word {
  static constexpr std::uint64_t long_mark = std::uint64_t{0xff} << 56;

  std::uint64_t low;
  std::uint64_t high;

  bool is_long() const { return high >= long_mark; }
  std::string_view long_text() const {
    return {reinterpret_cast<const char*>(low), static_cast<std::size_t>(high - long_mark)};
  }
};

/// length > 0; the 16 bytes from `word` on must be readable.
[[gnu::always_inline]] inline packed_word pack(const char* word, std::size_t length) {
  if (length > 15) [[unlikely]] {
    return {reinterpret_cast<std::uintptr_t>(word), packed_word::long_mark + length};
  }
#if defined(__AVX512BW__) && defined(__AVX512VL__)
  const auto kept = static_cast<__mmask16>((1u << length) - 1);
  const __m128i bytes = _mm_maskz_loadu_epi8(kept, word);
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes));
  const auto high = static_cast<std::uint64_t>(_mm_extract_epi64(bytes, 1));
#else
  const std::size_t low_bytes = std::min<std::size_t>(length, 8);
  const std::size_t high_bytes = length - low_bytes;
  std::uint64_t low;
  std::uint64_t high;
  std::memcpy(&low, word, sizeof low);
  std::memcpy(&high, word + sizeof low, sizeof high);
  low &= ~std::uint64_t{0} >> (64 - 8 * low_bytes);
  high &= (std::uint64_t{1} << (8 * high_bytes)) - 1;
#endif
  return {low, high | std::uint64_t{length} << 56};
}

/// Of a short word; the high bits are the good ones.
inline std::uint64_t hash_of(packed_word word) {
  __extension__ using wide = unsigned __int128;
  const wide product =
      static_cast<wide>(word.low ^ 0x2d358dccaa6c78a5ULL) * (word.high ^ 0x8bb84b93962eacc9ULL);
  return (static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64)) *
         golden_ratio;
}

}  // namespace weir::bench
