// SPDX-License-Identifier: Apache-2.0
// simulated_peer sends lines as apps/feed does (docs/formats.md, "Handshake"), without a network: it answers RESUME, and
// gives its bytes in pieces of all sizes. What was acked it no longer has. simulated_session is one connection after the
// other to it.
//
// Owner:      the peer: a simulated run, whose processes it outlives; a session: a source's lane. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/line_session.hpp"

namespace weir {

struct simulated_peer {
  std::vector<std::string> lines;
  std::uint64_t acked = 0;  ///< lines below are forgotten
};

class simulated_session final : public line_session {
 public:
  simulated_session(std::shared_ptr<simulated_peer> peer, std::uint64_t seed)
      : peer_(std::move(peer)), random_(seed) {}

  result<session_step> step(char* buffer, std::size_t capacity,
                            std::chrono::milliseconds wait) override;
  std::size_t send(std::string_view bytes) noexcept override;
  session_step refuse(std::string reason) override;
  void stop() noexcept override { stopped_ = true; }
  bool wait_for_stop(std::chrono::milliseconds) const noexcept override { return stopped_; }
  std::string peer_name() const override { return "simulated peer"; }

 private:
  void take(std::string_view line);

  std::shared_ptr<simulated_peer> peer_;
  std::mt19937_64 random_;
  bool stopped_ = false;
  bool connected_ = false;
  bool answered_ = false;
  std::string asked_;     // what came of a line
  std::string outgoing_;  // answer and lines
  std::size_t sent_ = 0;  // of outgoing_
};

}  // namespace weir
