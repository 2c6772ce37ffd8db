// SPDX-License-Identifier: Apache-2.0
// rest_request and rest_response are what the router takes and gives: HTTP without a socket.
//
// Owner:      values.
// Invariants: a request's path and query are decoded, its header names are in lower case.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "weir/core/error.hpp"

namespace weir::rest {

struct rest_request {
  std::string method;
  std::string path;
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;
  std::string body;

  /// The first value; empty when there is none.
  std::string_view header(const std::string& name) const { return first(headers, name); }
  std::string_view parameter(const std::string& name) const { return first(query, name); }

 private:
  static std::string_view first(const std::multimap<std::string, std::string>& in,
                                const std::string& name) {
    const auto found = in.find(name);
    return found == in.end() ? std::string_view{} : found->second;
  }
};

struct rest_response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::string allow{};  ///< methods that a path knows, with 405
};

/// {"errors": [text]}
rest_response refusal(int status, const std::string& text);
/// With the status that fits the error's kind.
rest_response refusal(const error& why);

}  // namespace weir::rest
