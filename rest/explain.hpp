// SPDX-License-Identifier: Apache-2.0
// explain says in sentences what a job waits for at this moment: which task holds up which, which marker is missing, which
// source has nothing to read. It is what `status --why` prints.
//
// Owner:      a free function over a value; any thread.
// Invariants: at most `sentences_max` sentences, those first that hold up the most.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "coordinator/job_observation.hpp"

namespace weir::rest {

inline constexpr std::size_t sentences_max = 20;

std::vector<std::string> explain(const job_observation& seen);

}  // namespace weir::rest
