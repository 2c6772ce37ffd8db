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
#include "connectors/socket_reader.hpp"

namespace weir {

struct session_step {
  enum class kind : std::uint8_t {
    nothing,     ///< nothing came, or it is not yet time for the next try
    connected,   ///< a connection stands
    try_failed,  ///< `reason` says why; another try follows
    bytes,       ///< `size` bytes are in the buffer
    closed,      ///< the peer ended the connection in order
    lost,        ///< the connection broke: `reason`
    stopped,     ///< stop() was called
  };
  kind what = kind::nothing;
  std::size_t size = 0;
  std::string reason;
  /// Waits between tries since bytes came the last time: 1 at the first failure.
  std::uint64_t waits = 0;

  /// Whether a person wants to hear of it: of what goes on failing, the first and each tenth time.
  bool is_news() const { return waits <= 1 || waits % 10 == 0; }
};

class socket_session {
 public:
  /// A sink in the same chain waits for the lane that long at most.
  static constexpr std::chrono::milliseconds step_wait_max{100};

  socket_session(socket_peer peer, std::chrono::milliseconds connect_timeout, std::uint64_t seed)
      : peer_(std::move(peer)), connect_timeout_(connect_timeout), random_(seed) {}

  /// Errors: those of socket_reader::connect that no other try can mend.
  /// `wait` bounds a wait for bytes further.
  result<session_step> step(char* buffer, std::size_t capacity,
                            std::chrono::milliseconds wait = step_wait_max);
  /// As socket_reader::send; without a connection, 0.
  std::size_t send(std::string_view bytes) noexcept { return reader_ ? reader_->send(bytes) : 0; }
  /// Leaves a peer whose bytes make no sense: they do not count as a connection that worked.
  session_step refuse(std::string reason);
  void stop() noexcept { stop_.raise(); }
  /// Waits for stop(); whether it was called.
  bool wait_for_stop(std::chrono::milliseconds wait) const noexcept { return stop_.wait(wait); }

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
