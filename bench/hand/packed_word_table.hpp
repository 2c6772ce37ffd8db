// SPDX-License-Identifier: Apache-2.0
// packed_word_table counts words: open addressing over packed words, 32 bytes a slot, at most half
// full. Long words are rare and live in a map of the library.
//
// Owner:      one thread.
// Invariants: a slot is empty when its word is {0, 0}.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bench/hand/packed_word.hpp"
#include "weir/core/zeroed_memory.hpp"

namespace weir::bench {

class packed_word_table {
 public:
  explicit packed_word_table(std::uint64_t words) { start(std::bit_ceil(words * 2 + 2)); }

  /// Counts the word, and gives its count. hash is hash_of(word) of a short word, anything of a
  /// long one.
  [[gnu::always_inline]] std::uint64_t add(packed_word word, std::uint64_t hash) {
    if (word.is_long()) [[unlikely]]
      return ++long_words_[word.long_text()];
    for (std::size_t at = hash >> shift_;; at = (at + 1) & (size_ - 1)) {
      slot& here = slots_[at];
      if (((here.word.low ^ word.low) | (here.word.high ^ word.high)) == 0) [[likely]]
        return ++here.count;
      if (here.word.high == 0) return add_new(here, word);
    }
  }
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[hash >> shift_], 1); }

 private:
  struct alignas(32) slot {
    packed_word word;
    std::uint64_t count;
  };

  void start(std::size_t size) {
    size_ = size;
    shift_ = 64 - std::countr_zero(size);
    used_ = 0;
    memory_ = zeroed_memory(size * sizeof(slot));
    std::memset(memory_.data(), 0, memory_.size());  // touches every page
    slots_ = reinterpret_cast<slot*>(memory_.data());
  }
  [[gnu::noinline]] std::uint64_t add_new(slot& empty, packed_word word) {
    empty = {word, 1};
    if (++used_ > size_ / 2) grow();
    return 1;
  }
  void grow() {
    const zeroed_memory old = std::move(memory_);
    const slot* const begin = slots_;
    const slot* const end = begin + size_;
    start(size_ * 2);
    for (const slot* from = begin; from != end; ++from) {
      if (from->word.high == 0) continue;
      std::size_t at = hash_of(from->word) >> shift_;
      while (slots_[at].word.high != 0) at = (at + 1) & (size_ - 1);
      slots_[at] = *from;
      ++used_;
    }
  }

  std::size_t size_ = 0;
  int shift_ = 0;
  std::size_t used_ = 0;
  zeroed_memory memory_;
  slot* slots_ = nullptr;
  std::unordered_map<std::string_view, std::uint64_t> long_words_;
};

}  // namespace weir::bench
