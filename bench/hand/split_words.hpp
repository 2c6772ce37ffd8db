// SPDX-License-Identifier: Apache-2.0
// split_words calls a function with every word of a text: the runs between spaces and ends of
// lines, 64 bytes of text a step, by a mask of the separators in them.
//
// Owner:      pure; any thread.
// Invariants: reads up to split_overread bytes after the text, which must be readable, but whose
//             content does not matter.
#pragma once

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::bench {

inline constexpr std::size_t split_overread = 64;

/// Bit i is set when text[i] is a space or an end of line, 0 <= i < 64.
inline std::uint64_t separator_mask(const char* text) {
#if defined(__AVX512BW__)
  const __m512i bytes = _mm512_loadu_si512(text);
  return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(' ')) |
         _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'));
#elif defined(__AVX2__)
  const auto half = [](const char* at) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i found = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' ')),
                                          _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n')));
    return std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(found))};
  };
  return half(text) | half(text + 32) << 32;
#else
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 64; ++i) {
    mask |= std::uint64_t{text[i] == ' ' || text[i] == '\n'} << i;
  }
  return mask;
#endif
}

/// Calls found(begin, length) for each word, length > 0. The end of the text ends a word.
template <class Found>
void split_words(std::string_view text, Found&& found) {
  const char* const end = text.data() + text.size();
  const char* word = text.data();
  for (const char* at = text.data(); at < end; at += 64) {
    std::uint64_t mask = separator_mask(at);
    if (end - at < 64) {
      const std::uint64_t after_end = std::uint64_t{1} << (end - at);
      mask = (mask & (after_end - 1)) | after_end;
    }
    for (; mask != 0; mask &= mask - 1) {
      const char* separator = at + std::countr_zero(mask);
      if (separator != word) found(word, static_cast<std::size_t>(separator - word));
      word = separator + 1;
    }
  }
  if (word < end) found(word, static_cast<std::size_t>(end - word));
}

}  // namespace weir::bench
