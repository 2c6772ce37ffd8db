// SPDX-License-Identifier: Apache-2.0
// configuration_manual writes docs/configuration.md from the table of keys, so that the page and the
// parser cannot disagree.
//
// Owner:      a free function over constant data; any thread.
#pragma once

#include <string>

namespace weir {

/// The whole page, in Markdown. `config --markdown` prints it; a test compares it with the file.
std::string configuration_manual();

}  // namespace weir
