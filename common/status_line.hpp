// SPDX-License-Identifier: Apache-2.0
// set_status_line keeps one line below those of the log, on the terminal that stderr is. Lines that are logged meanwhile
// stand above it.
//
// Owner:      a free function; any thread. The line belongs to the process, like stderr itself.
// Invariants: it is written under the same lock as the lines of the log, so that neither breaks the other.
#pragma once

#include <string>

namespace weir {

/// Shows this until the next one; empty: none. It must fit the width of the terminal.
void set_status_line(std::string text);

}  // namespace weir
