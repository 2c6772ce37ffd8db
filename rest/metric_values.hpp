// SPDX-License-Identifier: Apache-2.0
// metric_values are the numbers of one look under Flink's metric names, by scope: what the metric paths list and what
// Prometheus scrapes.
//
// Owner:      values; free functions, any thread.
// Invariants: the names of a scope are the same at every look at a job, so that a series never changes its meaning.
// Source:     Flink's metrics reference, docs/rest.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coordinator/job_observation.hpp"

namespace weir::rest {

struct metric_value {
  std::string_view name;  ///< a constant
  std::string_view help;  ///< likewise, one line
  double number = 0;      ///< for Prometheus: true is 1, a text 0
  std::string text;       ///< for people and the metric paths
};
using metric_values = std::vector<metric_value>;

metric_values job_manager_metrics(const job_observation& seen);
metric_values job_metrics(const job_observation& seen);
metric_values task_manager_metrics(const job_observation& seen);
metric_values task_metrics(const job_observation& seen, const task_reading& task);

}  // namespace weir::rest
