// SPDX-License-Identifier: Apache-2.0
#include "rest/rest_message.hpp"

#include <nlohmann/json.hpp>

#include "rest/document.hpp"

namespace weir::rest {

rest_response refusal(int status, const std::string& text) {
  return {status, to_text({{"errors", document::array({text})}})};
}

rest_response refusal(const error& why) {
  switch (why.code) {
    case error_code::invalid_argument:
      return refusal(400, why.message);
    case error_code::not_found:
      return refusal(404, why.message);
    case error_code::limit:
      return refusal(503, why.message);
    default:
      return refusal(500, why.text());
  }
}

}  // namespace weir::rest
