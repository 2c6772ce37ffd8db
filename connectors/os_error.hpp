// SPDX-License-Identifier: Apache-2.0
// os_error turns an errno into weir's error: the code that fits it, and a message that names the
// thing and the reason.
//
// Owner: free functions; thread safe.
#pragma once

#include <string_view>

#include "weir/core/error.hpp"

namespace weir {

/// The code for `number`. Permissions and paths that cannot work are the user's to mend
/// (invalid_argument, not_found: a restart cannot help); a full disk, an exceeded quota and a file
/// size limit are no_space; what a peer does is connection; anything unknown is io.
error_code os_error_code(int number);

/// "cannot open '/data/x' for reading: No such file or directory (errno 2)". `what` is the part
/// before the colon.
error os_error(int number, std::string_view what);

}  // namespace weir
