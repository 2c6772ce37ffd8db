// SPDX-License-Identifier: Apache-2.0
// live_line is a running job on one line of a terminal, and its last words: pure functions of its summary.
//
// Owner:      free functions over values; any thread.
// Invariants: a line is never wider than the terminal: what matters least is left out first; colours take no width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "rest/job_summary.hpp"

namespace weir {

enum class colours : std::uint8_t { none, ansi };

/// "word-count RUNNING  102,345 records/s  checkpoint 340 ms ago, took 14 ms  [####------] 40 %, 12 s left"
std::string live_line(const rest::job_summary& of, std::size_t width, colours with);

/// "FINISHED after 1.9 s: 800,000 records read (421,052/s), 8,000,000 written; 4 checkpoints, 1 restart; output: files(x)"
std::string last_words(const rest::job_summary& of, const std::string& output);

/// What the sinks of a plan are, for last_words.
std::string outputs_of(const plan& physical);

}  // namespace weir
