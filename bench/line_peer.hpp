// SPDX-License-Identifier: Apache-2.0
// line_peer is a TCP peer on 127.0.0.1 that sends lines "SEQ padding" to one client, as fast as they are taken or by a
// schedule, and then ends the stream. A client that says RESUME is answered.
//
// Owner:      one run; its thread ends with the destructor, when the client has gone.
// Errors:     std::runtime_error from the constructor.
#pragma once

#include <cstdint>
#include <optional>
#include <thread>

#include "bench/open_loop.hpp"

namespace weir::bench {

struct line_peer_options {
  std::uint64_t lines = 0;
  unsigned line_bytes = 60;           ///< with the LF
  bool speaks = false;                ///< the client will say RESUME 0
  std::optional<open_loop> schedule;  ///< `lines` are then those of the schedule
};

class line_peer {
 public:
  explicit line_peer(line_peer_options options);
  ~line_peer();
  line_peer(const line_peer&) = delete;
  line_peer& operator=(const line_peer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void serve();
  void send_lines(int client);

  line_peer_options options_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace weir::bench
