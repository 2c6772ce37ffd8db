// SPDX-License-Identifier: Apache-2.0
// socket_session is a peer that is read across connections: it connects, reads, and connects again
// with backoff after a failed try or a lost connection, in steps of bounded length.
//
// Owner:      a source's lane; step() blocks. Only stop() may be called from elsewhere.
// Invariants: (1) a step waits 100 ms at most, or the connect timeout while it connects (plus the
//             look-up of the name); (2) after stop() every step returns `stopped` promptly.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "connectors/backoff.hpp"
#include "connectors/interrupt.hpp"
#include "connectors/line_session.hpp"
#include "connectors/socket_reader.hpp"

namespace weir {

class socket_session final : public line_session {
 public:
  socket_session(socket_peer peer, std::chrono::milliseconds connect_timeout, std::uint64_t seed)
      : peer_(std::move(peer)), connect_timeout_(connect_timeout), random_(seed) {}

  /// Errors: those of socket_reader::connect that no other try can mend.
  result<session_step> step(char* buffer, std::size_t capacity,
                            std::chrono::milliseconds wait = step_wait_max) override;
  std::size_t send(std::string_view bytes) noexcept override {
    return reader_ ? reader_->send(bytes) : 0;
  }
  session_step refuse(std::string reason) override;
  void stop() noexcept override { stop_.raise(); }
  bool wait_for_stop(std::chrono::milliseconds wait) const noexcept override {
    return stop_.wait(wait);
  }
  std::string peer_name() const override { return peer_.text(); }

  const socket_peer& peer() const { return peer_; }

 private:
  using clock = std::chrono::steady_clock;  // what the kernel's waits are measured with

  result<session_step> connect();
  session_step read(char* buffer, std::size_t capacity, std::chrono::milliseconds wait);
  session_step disconnected(session_step::kind what, std::string reason);

  // set once
  socket_peer peer_;
  std::chrono::milliseconds connect_timeout_;
  interrupt stop_;
  // lane only
  std::mt19937_64 random_;
  backoff backoff_;
  backoff before_bytes_;  ///< as it was when the connection was made
  clock::time_point next_try_ = clock::time_point::min();
  std::optional<socket_reader> reader_;
};

}  // namespace weir
