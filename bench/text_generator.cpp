// SPDX-License-Identifier: Apache-2.0
#include "bench/text_generator.hpp"

#include <algorithm>

#include "bench/works.hpp"

namespace weir::bench {

namespace {

constexpr unsigned random_bits = 53;  // of a double's mantissa
constexpr unsigned first_bits =
    17;  // about as many buckets as words: few steps from first_ to the word drawn
constexpr std::size_t flush_bytes = 1 << 20;

/// splitmix64: the numbers mix(state), mix(state + golden_ratio), ...
std::uint64_t next_random(std::uint64_t& state) {
  const std::uint64_t value = mix(state);
  state += golden_ratio;
  return value;
}

/// 0 <= result < total, monotone in `random` < 2^53.
double position(std::uint64_t random, double total) {
  return static_cast<double>(random) * 0x1.0p-53 * total;
}

}  // namespace

text_generator::text_generator(std::uint64_t seed)
    : state_(seed),
      vocabulary_(text_vocabulary),
      cumulative_(text_vocabulary),
      first_(std::size_t{1} << first_bits) {
  for (std::uint32_t rank = 0; rank < text_vocabulary; ++rank) {
    std::uint64_t state = 77 + rank;
    entry& word = vocabulary_[rank];
    word.length = static_cast<std::uint8_t>(3 + next_random(state) % 8);
    for (unsigned i = 0; i < word.length; ++i) {
      word.letters[i] = static_cast<char>('a' + next_random(state) % 26);
    }
    total_ += 1.0 / (rank + 1);
    cumulative_[rank] = total_;
  }
  for (std::size_t bucket = 0; bucket < first_.size(); ++bucket) {
    const double least = position(bucket << (random_bits - first_bits), total_);
    const auto at = std::lower_bound(cumulative_.begin(), cumulative_.end(), least);
    first_[bucket] = static_cast<std::uint32_t>(at - cumulative_.begin());
  }
}

std::uint32_t text_generator::draw() {
  const std::uint64_t random = next_random(state_) >> (64 - random_bits);
  const double wanted = position(random, total_);
  std::uint32_t rank = first_[random >> (random_bits - first_bits)];
  while (rank + 1 < text_vocabulary && cumulative_[rank] < wanted) ++rank;
  return rank;
}

void text_generator::append_line(std::string& out) {
  constexpr std::size_t line_bytes_max = text_words_per_line * sizeof(entry);
  std::array<char, line_bytes_max> line;
  char* end = line.data();
  for (unsigned i = 0; i < text_words_per_line; ++i) {
    const entry& word = vocabulary_[draw()];
    std::copy(word.letters.begin(), word.letters.end(), end);
    end += word.length;
    *end++ = i + 1 == text_words_per_line ? '\n' : ' ';
  }
  out.append(line.data(), end);
}

bool write_text(std::FILE* file, std::uint64_t lines, std::uint64_t seed) {
  text_generator generator(seed);
  std::string out;
  for (std::uint64_t line = 0; line < lines; ++line) {
    generator.append_line(out);
    if (out.size() < flush_bytes && line + 1 != lines) continue;
    if (std::fwrite(out.data(), 1, out.size(), file) != out.size()) return false;
    out.clear();
  }
  return std::fflush(file) == 0;
}

}  // namespace weir::bench
