// SPDX-License-Identifier: Apache-2.0
// setting is one key = value as somebody gave it, and where: what configurations are made of.
//
// Owner:      a value. Nothing in it is checked: that is the configuration's part.
#pragma once

#include <string>

namespace weir {

struct setting {
  std::string key;
  std::string value;
  std::string origin;  ///< for messages: "weir.yaml:12:3", "WEIR_REST_PORT", "-D", "program"
};

}  // namespace weir
