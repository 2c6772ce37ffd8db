// SPDX-License-Identifier: Apache-2.0
// The benchmark works: their records, the functions that make and fold them. The contenders (weir
// and the hand-written loops) include this file, so that both do the same arithmetic per record.
//
// Owner:      plain values and pure functions; any thread.
// Invariants: (1) the key of record seq is mix(seq) % keys, exactly; (2) a sum does not depend on
// the order
//             of the records.
// Source:     splitmix64 (Steele, Lea, Flood 2014) as mix.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "weir/core/check.hpp"

namespace weir::bench {

enum class work : std::uint8_t { keyed_count, stateless, word_count };

constexpr std::string_view to_string(work which) {
  switch (which) {
    case work::keyed_count:
      return "keyed-count";
    case work::stateless:
      return "stateless";
    case work::word_count:
      return "word-count";
  }
  return "unknown";
}

/// What the source of keyed-count emits.
struct keyed_record {
  std::uint64_t key;
  std::uint64_t value;
};

/// What its counter emits for every record: the count so far of the key, this record included.
struct keyed_count {
  std::uint64_t key;
  std::uint64_t count;
};

/// What a run found; equal sums mean that no record was lost or doubled.
struct work_sum {
  std::uint64_t records = 0;  ///< records that reached the sink
  std::uint64_t sum = 0;      ///< the fold of their contents, mod 2^64

  bool operator==(const work_sum&) const = default;
  work_sum& operator+=(const work_sum& other) {
    records += other.records;
    sum += other.sum;
    return *this;
  }
};

inline constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15ULL;

constexpr std::uint64_t mix(std::uint64_t x) {
  std::uint64_t z = x + golden_ratio;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// Exact x % divisor for a divisor known at run time, by two multiplications: the quotient is
/// estimated from floor((2^64 - 1) / divisor) and is at most one too small.
class fast_modulus {
 public:
  /// 1 <= divisor <= 2^63.
  explicit fast_modulus(std::uint64_t divisor)
      : divisor_(divisor), reciprocal_(~std::uint64_t{0} / std::max<std::uint64_t>(divisor, 1)) {
    WEIR_CHECK(1 <= divisor && divisor <= std::uint64_t{1} << 63, divisor);
  }

  std::uint64_t operator()(std::uint64_t x) const {
    __extension__ using wide = unsigned __int128;
    const auto quotient = static_cast<std::uint64_t>((static_cast<wide>(x) * reciprocal_) >> 64);
    const std::uint64_t rest = x - quotient * divisor_;  // < 2 * divisor
    return std::min(rest, rest - divisor_);              // the second wraps when rest < divisor
  }

 private:
  std::uint64_t divisor_;
  std::uint64_t reciprocal_;
};

/// The generator of keyed-count: record number seq of the stream.
class keyed_generator {
 public:
  /// 1 <= keys <= 2^63.
  explicit keyed_generator(std::uint64_t keys) : modulus_(keys) {}
  keyed_record operator()(std::uint64_t seq) const { return {modulus_(mix(seq)), seq}; }

 private:
  fast_modulus modulus_;
};

/// The sink of keyed-count adds this for every (key, count).
constexpr std::uint64_t fold(std::uint64_t key, std::uint64_t count) {
  return (key * golden_ratio) ^ count;
}

/// The two operators of the stateless work; its sink adds up what passes.
constexpr std::uint64_t stateless_map(std::uint64_t seq) {
  return 3 * seq + 1;
}
constexpr bool stateless_filter(std::uint64_t x) {
  return x % 5 != 0;
}

}  // namespace weir::bench
