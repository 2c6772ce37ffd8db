// SPDX-License-Identifier: Apache-2.0
// yaml_value writes a text so that read_yaml_settings reads exactly that text again.
//
// Owner:      a free function over values; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// As it is where that is unmistakable, else in quotation marks. `text` is UTF-8.
std::string yaml_value(std::string_view text);

}  // namespace weir
