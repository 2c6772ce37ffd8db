// SPDX-License-Identifier: Apache-2.0
// The hand-written side of every comparison: each work as one would write it without a framework,
// for speed alone. One thread for parallelism 1; for more, threads that generate, split their
// records by key into batches, hand these over through rings, and count. No recovery, no types
// erased, no allocation in the loops.
//
// Owner:      the thread that compares; a call starts and joins its own threads.
// Invariants: tables are sized for their keys before the timed part (run_result::setup_s), and
//             their pages touched, except by weir's own table, which touches them when used.
#pragma once

#include "bench/contender.hpp"

namespace weir::bench {

/// Does the work that the settings name.
run_result run_hand(const work_settings& settings);

run_result run_hand_keyed_count(const work_settings& settings);
run_result run_hand_stateless(const work_settings& settings);
/// The file is read in blocks, in the timed part; the table is the one of weir's state.
run_result run_hand_word_count(const work_settings& settings);
/// The file is mapped before the timed part; the table is made for short words.
run_result run_hand_word_count_simd(const work_settings& settings);

}  // namespace weir::bench
