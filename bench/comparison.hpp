// SPDX-License-Identifier: Apache-2.0
// comparison runs several contenders in turn, A B A B, so that a disturbance of the machine meets
// all of them, checks what each found, and reports rates, medians and ratios as JSON lines.
//
// Owner:      one thread; it runs one contender at a time.
// Invariants: (1) every contender runs once unreported (the warm-up) before the first round; (2) a
//             round in which a contender did not get its CPU is void: printed as such, repeated,
//             and left out of the summary; (3) a wrong sum is never left out.
// Source:     the design notes on measuring: A/B/A/B, medians, minimum and maximum.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/contender.hpp"
#include "bench/json_line.hpp"

namespace weir::bench {

struct entrant {
  std::string name;  ///< prefix of its fields: weir, hand, ...
  contender* runs;   ///< outlives the comparison
  work_settings settings;
};

struct comparison_options {
  unsigned rounds = 5;
  unsigned voids_max = 5;      ///< void rounds in all, after which the rest is not repeated
  double cpu_share_min = 0.9;  ///< of wall time x threads: less makes a round void
};

/// What is the same in every line: the work, and what it must find.
struct comparison_subject {
  work_settings settings;
  std::uint64_t records = 0;  ///< that a run takes in; the rates count these
  work_sum expected;
};

enum class comparison_outcome : std::uint8_t {
  correct,
  wrong_sum,  ///< a contender lost, doubled or miscounted records
  failed,     ///< a contender could not run; it printed why
};

class comparison {
 public:
  /// Is called with each finished line, without its end.
  using printer = std::function<void(const std::string& line)>;

  comparison(comparison_subject subject, std::vector<entrant> entrants, comparison_options options,
             printer print)
      : subject_(std::move(subject)),
        entrants_(std::move(entrants)),
        options_(options),
        print_(std::move(print)) {}

  /// Runs everything, and prints one line a round and a summary line.
  comparison_outcome run();

 private:
  /// One run of every contender, in their order.
  struct round {
    std::vector<run_result> results;
    bool is_void = false;
  };

  /// False when a contender failed.
  bool run_round(round& out) const;
  bool starved(const run_result& result) const;
  json_line begin_line(const char* kind) const;
  void print_round(const round& printed) const;
  void print_summary(const std::vector<round>& rounds) const;
  void summarise(json_line& line, std::size_t entrant_index,
                 const std::vector<round>& rounds) const;
  /// rates[i] is that of entrants_[i].
  void add_ratios(json_line& line, const std::vector<double>& rates) const;
  double rate(const run_result& result) const;
  bool sum_ok(const round& judged) const;

  comparison_subject subject_;
  std::vector<entrant> entrants_;
  comparison_options options_;
  printer print_;
  unsigned voided_ = 0;
  bool all_sums_ok_ = true;
};

}  // namespace weir::bench
