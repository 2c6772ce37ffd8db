// SPDX-License-Identifier: Apache-2.0
// edit_distance counts the typing errors between two words, for "did you mean" in messages.
//
// Owner:      free functions over values; any thread.
// Invariants: zero exactly for equal words; symmetric.
// Source:     optimal string alignment (Damerau 1964, Levenshtein 1966): insert, delete, replace,
//             swap neighbours.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir {

/// O(|a| * |b|) time, O(|b|) memory.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word of `known` that `given` most likely means: the shortest that contains it as a whole
/// dotted part
/// ("interval" in "execution.checkpointing.interval"), else the one at the least edit distance.
/// `known` is not empty.
std::string_view nearest_word(std::string_view given, std::span<const std::string_view> known);

}  // namespace weir
