// SPDX-License-Identifier: Apache-2.0
// text_generator writes the text of word-count: lines of ten words out of a vocabulary of 100,000
// (3 to 10 letters), drawn by Zipf's law with exponent 1. The same seed gives the same bytes on
// every machine.
//
// Owner:      one thread.
// Invariants: word i of the vocabulary does not depend on the seed; a line is 10 words, 9 spaces
//             and an end of line.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace weir::bench {

inline constexpr unsigned text_words_per_line = 10;
inline constexpr std::uint32_t text_vocabulary = 100'000;

class text_generator {
 public:
  explicit text_generator(std::uint64_t seed);

  void append_line(std::string& out);

 private:
  /// At most 10 letters, then zeros: copied whole, then cut by the length.
  struct entry {
    std::array<char, 15> letters{};
    std::uint8_t length = 0;
  };
  std::uint32_t draw();

  std::uint64_t state_;
  double total_ = 0;  ///< the last of cumulative_
  std::vector<entry> vocabulary_;
  std::vector<double> cumulative_;  ///< sums of 1 / (rank + 1)
  std::vector<std::uint32_t>
      first_;  ///< by the high bits of a random number: no smaller rank can be drawn
};

/// Writes `lines` lines; false when the file refuses them (errno says why).
bool write_text(std::FILE* file, std::uint64_t lines, std::uint64_t seed);

}  // namespace weir::bench
