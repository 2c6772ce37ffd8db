// SPDX-License-Identifier: Apache-2.0
// guard runs this program once more, as a child process without --guard, and again whenever it crashes: what actors cannot
// survive, their process need not. It runs none of the program's own code, has one thread, and holds no state.
//
// Owner:      main(), on its thread.
// Invariants: (1) the child dies with the guard, however the guard ends; (2) signals that end a program reach the child,
//             or end the wait for a restart; none is lost in between, because they are blocked except where they are
//             waited for; (3) a child that can resume is started again without --fresh and --from.
// Errors:     the exit code is the child's; 128 + n after signal n.
// Source:     PROTOCOL rule P20.
#pragma once

#include <string>
#include <vector>

#include "program/guard_settings.hpp"

namespace weir {

/// Blocks until the job is over or given up; the exit code. `arguments` are those of main().
int run_guarded(const std::string& name, const guard_settings& settings,
                const std::vector<std::string>& arguments);

}  // namespace weir
