// SPDX-License-Identifier: Apache-2.0
// settings_rule says what the values of single keys cannot: that several settings must go together, or that a text has a
// grammar which its table does not know.
//
// Owner:      constant data; any thread. Rules stand beside the settings that need them (restart_settings::rule()).
// Invariants: the defaults break none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

class configuration;

struct settings_rule {
  std::vector<std::string_view> keys;  ///< all that it looks at
  /// What is wrong and what was expected; empty: nothing. Values and origins of the keys are told beside it.
  std::string (*complaint)(const configuration&);

  bool holds(const configuration& settings) const { return complaint(settings).empty(); }
};

}  // namespace weir
