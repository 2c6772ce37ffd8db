// SPDX-License-Identifier: Apache-2.0
// read_yaml_settings reads the text of a settings file: key: value lines, where the parts of a key
// may be nested, dotted, or both. Of YAML it takes maps and scalars; anchors, aliases, tags, merge
// keys, lists and a second document are refused, because no setting needs them.
//
// It listens to yaml-cpp's events instead of loading a document: an event has a line and a column,
// and nothing is ever built, so that a file of aliases of aliases costs no more than its bytes.
//
// Owner:      a free function over values; any thread.
// Invariants: (1) never throws, whatever the bytes; (2) time and memory are bounded by the bounds
//             below; (3) each setting is given once, also when its old and its new name are used.
// Errors:     all mistakes at once, each with file, line and column.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/read_settings.hpp"

namespace weir {

inline constexpr std::size_t settings_file_bytes_max = 1 << 20;
inline constexpr std::size_t settings_file_keys_max = 1'000;  // several times the table
inline constexpr std::size_t settings_file_depth_max = 16;    // the deepest key has six parts

/// `file` is its name for messages and origins.
read_settings read_yaml_settings(std::string_view text, std::string_view file);

}  // namespace weir
