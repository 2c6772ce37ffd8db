// SPDX-License-Identifier: Apache-2.0
// contender is one side of a comparison: something that does a benchmark work once and says how
// long it took.
//
// Owner:      the thread that compares; contenders run one at a time.
// Invariants: a run times the processing of all records, from the start of its threads (weir: from
//             execute()) until all of them are joined (weir: until the job is finished), and
//             nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/measure.hpp"
#include "bench/works.hpp"

namespace weir::bench {

/// What the hand-written word-count keeps its words in; keyed-count and stateless have one variant
/// each.
enum class word_loop : std::uint8_t {
  same_table,  ///< std::string keys in the table that weir's own state uses, file read in blocks
  simd,  ///< words kept inline in two registers, a table made for them, mapped file: the best loop
         ///< known
};

constexpr std::string_view to_string(word_loop loop) {
  return loop == word_loop::simd ? "simd" : "same-table";
}

struct work_settings {
  work which = work::keyed_count;
  std::uint64_t keys = 10'000;                       ///< keyed-count: at least 1
  unsigned parallelism = 1;                          ///< at least 1
  std::uint64_t records = 100'000'000;               ///< word-count: as many as the file holds
  std::string file;                                  ///< word-count: the text
  std::chrono::milliseconds checkpoint_interval{0};  ///< weir: exactly-once checkpoints; 0 is none
  bool watchdog = true;                              ///< weir: looks for hangs
  bool scraped = false;                              ///< weir: asked for /metrics each second
  word_loop words = word_loop::same_table;           ///< hand-written word-count
};

struct run_result {
  run_cost cost;  ///< of the timed part
  work_sum found;
  /// How many threads the run keeps busy from start to end; 0: not to be judged by its CPU share.
  unsigned threads = 0;
  /// Before the timed part: tables made and touched, files mapped.
  double setup_s = 0;
  /// Private memory of the process at the end of the run, its tables still there.
  std::uint64_t anon_bytes = 0;
  std::string failure;  ///< why there is no result; empty when there is one
};

class contender {
 public:
  virtual ~contender() = default;
  virtual run_result run(const work_settings& settings) = 0;
};

}  // namespace weir::bench
