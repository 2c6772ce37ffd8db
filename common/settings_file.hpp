// SPDX-License-Identifier: Apache-2.0
// read_settings_file reads a file of settings in YAML.
//
// Owner:      a free function; blocks, so it is called by main() only.
// Errors:     all mistakes at once: a file that cannot be read, is no regular file, or larger than
//             yaml_settings.hpp allows, and everything in it that is wrong.
#pragma once

#include <string>

#include "common/read_settings.hpp"

namespace weir {

/// The file is named in messages and origins as it is named here.
read_settings read_settings_file(const std::string& path);

}  // namespace weir
