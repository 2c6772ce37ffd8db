// SPDX-License-Identifier: Apache-2.0
// start_job starts the job of an environment in this process, and what makes it answer HTTP.
//
// Owner:      a free function; any thread.
// Errors:     those of environment::execute; in_use when rest.port was set and is taken.
#pragma once

#include "rest/rest_settings.hpp"
#include "weir/core/result.hpp"
#include "weir/environment.hpp"

namespace weir {

result<job> start_job(const environment& env, const start_options& start, rest::serving by_default);

}  // namespace weir
