// SPDX-License-Identifier: Apache-2.0
// server answers HTTP requests on one thread of its own, however many clients there are and however slow they are: it
// waits for all of them at once, and handles a request only when it has come as a whole, of each connection one at a time.
//
//   accept -> reading -> (whole request) -> answering -> reading again, or lingering -> closed
//
// Owner:      whoever started it; the handler runs on the server's thread.
// Invariants: (1) at most `connections_max` are open; when one more comes, the one that has been waiting for its client
//             for longest gives way, but for those that have just come; (2) every wait for a client ends; (3) the destructor returns when the thread is gone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "rest/http_exchange.hpp"
#include "rest/listen_socket.hpp"

namespace weir::rest {

struct server_options {
  std::size_t connections_max = 256;
  unsigned requests_max = 1000;                   ///< of one connection
  std::chrono::milliseconds idle_time{15'000};    ///< between two requests
  std::chrono::milliseconds request_time{5'000};  ///< first to last byte of a request
  std::chrono::milliseconds answer_time{10'000};  ///< until the client has taken an answer
};

class server {
 public:
  server(listen_socket listening, const server_options& options, rest_handler handler);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  std::uint16_t port() const;

 private:
  class loop;
  std::unique_ptr<loop> loop_;
};

}  // namespace weir::rest
