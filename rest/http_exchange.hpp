// SPDX-License-Identifier: Apache-2.0
// http_exchange turns the bytes of one whole request into the bytes of its answer: cpp-httplib reads and writes them, over
// memory instead of a socket.
//
// Owner:      the server's thread.
// Invariants: (1) always gives an answer, or says that the connection is to be closed; (2) what the handler throws becomes
//             a 500.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rest/rest_message.hpp"

namespace weir::rest {

using rest_handler = std::function<rest_response(const rest_request&)>;

class http_exchange {
 public:
  explicit http_exchange(rest_handler handler);
  ~http_exchange();
  http_exchange(const http_exchange&) = delete;
  http_exchange& operator=(const http_exchange&) = delete;

  struct answer {
    std::string bytes;
    bool close = false;
  };
  /// `last`: the connection will not be read again, and the answer says so.
  answer on_request(std::string_view head, std::string_view body, bool last);
  /// The answer to what is no request that can be read.
  static answer refuse(int status, const std::string& reason);

 private:
  class parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace weir::rest
