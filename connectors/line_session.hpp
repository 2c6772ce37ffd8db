// SPDX-License-Identifier: Apache-2.0
// line_session is a peer that sends lines, across connections, as a source's lane reads it. A port: socket_session is the
// one over TCP, a simulation has its own.
//
// Owner:      a source's lane; step() blocks. Only stop() may be called from elsewhere.
// Invariants: (1) a step waits `step_wait_max` at most, or the connect timeout while it connects (plus the
//             look-up of the name); (2) after stop() every step returns `stopped` promptly.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/core/result.hpp"

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

class line_session {
 public:
  /// A sink in the same chain waits for the lane that long at most.
  static constexpr std::chrono::milliseconds step_wait_max{100};

  virtual ~line_session() = default;

  /// Connects, or reads what came. `wait` bounds a wait for bytes further. Errors: those that no other try can mend.
  virtual result<session_step> step(char* buffer, std::size_t capacity,
                                    std::chrono::milliseconds wait = step_wait_max) = 0;
  /// Gives how many bytes were taken, without waiting for more room; without a connection, 0.
  virtual std::size_t send(std::string_view bytes) noexcept = 0;
  /// Leaves a peer whose bytes make no sense: they do not count as a connection that worked.
  virtual session_step refuse(std::string reason) = 0;
  virtual void stop() noexcept = 0;
  /// Waits for stop(); whether it was called.
  virtual bool wait_for_stop(std::chrono::milliseconds wait) const noexcept = 0;
  /// For messages.
  virtual std::string peer_name() const = 0;
};

}  // namespace weir
