// SPDX-License-Identifier: Apache-2.0
// expected_sum computes what a benchmark work must find, by another way than any contender: counts
// first, then the fold for each key; a closed form for stateless; the library's containers and
// divisions throughout.
//
// Owner: pure functions; slow (seconds for 100 M records), called once for a program run.
#pragma once

#include <cstdint>
#include <string>

#include "bench/works.hpp"
#include "weir/core/result.hpp"

namespace weir::bench {

work_sum expected_keyed_count(std::uint64_t records, std::uint64_t keys);
work_sum expected_stateless(std::uint64_t records);
/// Errors: io when the file cannot be read.
result<work_sum> expected_word_count(const std::string& file);

}  // namespace weir::bench
