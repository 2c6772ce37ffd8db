// SPDX-License-Identifier: Apache-2.0
// read_variables finds settings in environment variables: WEIR_REST_PORT=0 is rest.port = 0
// (variable_of in configuration_key.hpp). Keys with <name> in them have no variable, because nothing
// would tell where the name ends.
//
// Owner:      a free function over values; any thread.
// Invariants: every variable that begins with WEIR_ is a setting, one of is_own_variable(), or a
//             mistake: a typing error is never silent.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/read_settings.hpp"

namespace weir {

/// From texts "NAME=value", as in `environ`; the origin of each is its name. Mistakes: a name that is
/// no setting, and two names of one setting. Values are not shown, as they may be secrets.
read_settings read_variables(std::span<const std::string> environment);

/// Whether weir, its tests or a container's network use this name for something else:
/// WEIR_LOG, WEIR_GUARD_FD; WEIR_TEST_*, WEIR_SEED, WEIR_FIRST_SEED, WEIR_SIMULATIONS, WEIR_CRASHES; and
/// WEIR_SERVICE_*, WEIR_PORT, WEIR_PORT_*, which Kubernetes sets when a service is called "weir".
bool is_own_variable(std::string_view name);

}  // namespace weir
