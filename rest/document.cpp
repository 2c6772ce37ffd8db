// SPDX-License-Identifier: Apache-2.0
#include "rest/document.hpp"

#include <nlohmann/json.hpp>

namespace weir::rest {

std::string to_text(const document& of) {
  return of.dump(-1, ' ', false, document::error_handler_t::replace);
}

std::string to_pretty_text(const document& of) {
  return of.dump(2, ' ', false, document::error_handler_t::replace);
}

}  // namespace weir::rest
