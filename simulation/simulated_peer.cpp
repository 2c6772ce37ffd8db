// SPDX-License-Identifier: Apache-2.0
#include "simulation/simulated_peer.hpp"

#include <algorithm>
#include <cstdlib>

namespace weir {
namespace {

constexpr std::string_view resume = "RESUME ";
constexpr std::string_view ack = "ACK ";
constexpr std::size_t piece_bytes_max = 160;

std::uint64_t number_behind(std::string_view word, std::string_view line) {
  return std::strtoull(std::string(line.substr(word.size())).c_str(), nullptr, 10);
}

}  // namespace

result<session_step> simulated_session::step(char* buffer, std::size_t capacity,
                                             std::chrono::milliseconds) {
  if (stopped_) return session_step{session_step::kind::stopped, 0, {}, 0};
  if (!connected_) {
    connected_ = true;
    return session_step{session_step::kind::connected, 0, {}, 0};
  }
  if (!answered_ || random_() % 8 == 0) return session_step{};
  if (sent_ == outgoing_.size()) return session_step{session_step::kind::closed, 0, {}, 0};
  const std::size_t size =
      std::min({std::size_t{1 + random_() % piece_bytes_max}, capacity, outgoing_.size() - sent_});
  outgoing_.copy(buffer, size, sent_);
  sent_ += size;
  return session_step{session_step::kind::bytes, size, {}, 0};
}

std::size_t simulated_session::send(std::string_view bytes) noexcept {
  if (!connected_) return 0;
  for (const char byte : bytes) {
    if (byte != '\n') {
      asked_ += byte;
      continue;
    }
    take(asked_);
    asked_.clear();
  }
  return bytes.size();
}

/// Who asks for a line that is forgotten hears of the first that is not, and finds that lines are missing.
void simulated_session::take(std::string_view line) {
  if (line.starts_with(ack)) {
    peer_->acked = std::max(peer_->acked, number_behind(ack, line));
  } else if (line.starts_with(resume)) {
    const std::uint64_t first = std::max(number_behind(resume, line), peer_->acked);
    outgoing_ = "WEIR 1 " + std::to_string(first) + "\n";
    for (std::uint64_t i = first; i < peer_->lines.size(); ++i) outgoing_ += peer_->lines[i] + "\n";
    sent_ = 0;
    answered_ = true;
  }
}

session_step simulated_session::refuse(std::string reason) {
  connected_ = answered_ = false;
  return {session_step::kind::lost, 0, std::move(reason), 1};
}

}  // namespace weir
