// SPDX-License-Identifier: Apache-2.0
// access_rules decide who may ask. Pages that a browser has open are kept out, whoever they belong to: the Host header
// must be one that no foreign name can resolve to (DNS rebinding), an Origin must be this server's own, and what changes
// the job needs a header that a page of another origin cannot send without asking first, which is never granted.
//
// Owner:      a value, read only once made.
// Invariants: (1) a token is compared in a time that does not depend on where it differs; (2) off loopback nothing is
//             changed without the token.
// Source:     docs/rest.md, section Security.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rest/rest_message.hpp"

namespace weir::rest {

/// Names this machine only: 127.0.0.0/8, ::1, localhost.
bool is_loopback(std::string_view host);

class access_rules {
 public:
  /// `bind_address` is what the server listens at, `name` a name under which clients know it (rest.address; may be empty).
  access_rules(std::string bind_address, std::string name, std::string token);

  /// The refusal, or nothing when the request may go on.
  std::optional<rest_response> check(const rest_request& asked) const;

 private:
  bool knows_host(std::string_view host) const;
  std::optional<rest_response> check_change(const rest_request& asked) const;

  std::string bind_address_;
  std::string name_;
  std::string token_;
};

}  // namespace weir::rest
