// SPDX-License-Identifier: Apache-2.0
// quoted shows a text of unknown origin in a message: on one line, and never more than a line of it.
//
// Owner:      a free function over values; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir::detail {

/// In quotation marks; control characters as \x0a, and behind 120 bytes "...".
std::string quoted(std::string_view text);

}  // namespace weir::detail
