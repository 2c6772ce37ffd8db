// SPDX-License-Identifier: Apache-2.0
// The documents of the metric paths: bare they list names, with `get` they give values, aggregated ones over several
// subtasks.
//
// Owner:      free functions over values; any thread.
// Errors:     invalid_argument for an unknown aggregation or a list of subtasks that cannot be read.
// Source:     Flink's REST reference.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rest/document.hpp"
#include "rest/metric_values.hpp"
#include "weir/core/result.hpp"

namespace weir::rest {

/// What the query asks for; empty texts: not given.
struct metric_query {
  std::string get;       ///< "a,b"
  std::string agg;       ///< "min,max,sum,avg,skew"
  std::string subtasks;  ///< "1,3,5-9"
};

/// [{id}], or [{id, value}] of those that are asked for and known.
document metrics_document(const metric_values& of, const metric_query& query);

/// The same over several sources: [{id}], or [{id, min, max, sum, avg, skew}].
result<document> aggregated_document(const std::vector<metric_values>& of,
                                     const metric_query& query);

/// The subtasks that "1,3,5-9" names, of 0 .. parallelism - 1; all when it is empty.
result<std::vector<std::uint32_t>> parse_subtasks(std::string_view text, std::uint32_t parallelism);

}  // namespace weir::rest
