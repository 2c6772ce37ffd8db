// SPDX-License-Identifier: Apache-2.0
// runtime_options_of makes what a runtime needs out of an environment: settings checked, the graph planned.
//
// Owner:      a function.
#pragma once

#include "coordinator/job_runtime.hpp"
#include "weir/core/result.hpp"
#include "weir/environment.hpp"

namespace weir {

/// Logs the settings' notices. Errors: everything that is wrong with the graph or a setting.
result<job_runtime_options> runtime_options_of(const environment& env, const start_options& start);

}  // namespace weir
