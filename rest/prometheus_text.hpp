// SPDX-License-Identifier: Apache-2.0
// prometheus_text is one look at a job in Prometheus' exposition format, under the names and labels of Flink's reporter.
//
// Owner:      a free function over values; any thread.
// Invariants: every family has a help text and one type; a task's series have the same labels at every look until its
//             next attempt.
// Source:     Flink's PrometheusReporter; docs/rest.md. Names are Flink's, in its mixed case.
#pragma once

#include <string>

#include "coordinator/job_observation.hpp"
#include "rest/exposition_text.hpp"
#include "rest/host_facts.hpp"

namespace weir::rest {

/// `with` is what it is made with; whoever calls again gives the same one, as it keeps its memory.
std::string prometheus_text(const job_observation& seen, const host_facts& host,
                            exposition_text& with);

/// weir's own: what went over each channel. Apart, because there may be as many as the square of the tasks.
std::string channels_text(const job_observation& seen, const host_facts& host,
                          exposition_text& with);

}  // namespace weir::rest
