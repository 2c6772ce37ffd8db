// SPDX-License-Identifier: Apache-2.0
// set_status_line keeps one line below those of the log, on the terminal that stderr is. Lines that are logged meanwhile
// stand above it.
//
// Owner:      free functions; any thread. The line belongs to the process, like stderr itself.
// Invariants: it is written under the same lock as the lines of the log, so that neither breaks the other.
#pragma once

#include <string>

namespace weir {

/// Whether stderr is a terminal that can show one.
bool can_show_status_line();

/// Shows this until the next one; empty: none. It must fit the width of the terminal.
void set_status_line(std::string text);

/// Erases what another process, which is gone, may have left on the terminal.
void erase_left_status_line();

}  // namespace weir
