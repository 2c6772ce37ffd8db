// SPDX-License-Identifier: Apache-2.0
// journaled_intake is the lane side of a journaled socket: it reads the journal from where the job
// is, then the socket, and gives lines away only when they are durable.
//
// Owner:      a source's lane; step() blocks. Only stop() may be called from elsewhere.
// Invariants: (1) a line that step() returned is durable; (2) between two steps no whole line waits
//             to become durable; (3) a peer that speaks the handshake is asked for line n when
//             exactly n lines are durable, and acked no line that is not; (4) a step waits 100 ms
//             and `sync_delay` at most, besides the disk and a connect.
// Source:     P21; docs/formats.md, sections "Journal" and "Handshake".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/journal.hpp"
#include "connectors/journal_replay.hpp"
#include "connectors/line_session.hpp"
#include "connectors/line_splitter.hpp"
#include "connectors/resume_handshake.hpp"
#include "weir/core/line_feed.hpp"

namespace weir {

/// Durable lines on their way to the task.
struct intake_block {
  std::string bytes;
  std::size_t begin = 0;  ///< of the lines in `bytes`, each with its LF
  std::uint64_t first_line = 0;
  std::uint64_t lines = 0;
  bool ended = false;  ///< nothing follows, ever
  std::vector<std::string> news;

  std::string_view text() const { return std::string_view(bytes).substr(begin); }
};

struct intake_settings {
  socket_lines_options socket;
  journal_options journal;
  line_options lines;
  journal_settings log;
  std::uint64_t position = 0;  ///< the first line that the job lacks
  std::function<result<std::unique_ptr<disk>>()> open_disk;
  std::function<std::unique_ptr<line_session>()> open_session;  ///< none: a socket
  std::uint64_t seed = 0;
};

class journaled_intake {
 public:
  explicit journaled_intake(intake_settings settings);

  /// Blocks for a while; perhaps there are lines. `spare` is memory for them. Errors: those of the
  /// journal and of a peer that no other try can mend.
  result<intake_block> step(std::string spare);
  /// Removes what no checkpoint needs; gives what went wrong, which the next call may mend.
  std::string trim(std::uint64_t below);
  void stop() noexcept { session_->stop(); }

 private:
  using clock = std::chrono::steady_clock;  // what the kernel's waits are measured with

  result<void> open(intake_block& out);
  result<void> check_position() const;
  result<void> replay(intake_block& out);
  result<void> read_socket(intake_block& out);
  result<bool> take(const session_step& step, std::string_view bytes, intake_block& out);
  void on_connected(const session_step& step, intake_block& out);
  result<bool> on_bytes(std::string_view bytes, intake_block& out);
  result<bool> on_disconnect(const session_step& step, intake_block& out);
  result<bool> refuse(std::string reason, intake_block& out);
  result<void> split(std::string_view bytes);
  result<void> finish_lines(partial_line_policy cut, intake_block& out);
  void add_line(std::string_view line);
  error line_too_long() const;
  result<void> commit(intake_block& out);
  void send_outgoing();
  bool answer_is_late() const;
  std::chrono::milliseconds time_left() const;
  std::string peer() const { return session_->peer_name(); }

  // set once
  intake_settings settings_;
  // the journal
  std::unique_ptr<journal> journal_;
  std::optional<journal_replay> replay_;
  int open_tries_ = 0;
  // the connection
  std::unique_ptr<line_session> session_;
  std::optional<resume_handshake> handshake_;
  clock::time_point connected_at_;
  line_splitter splitter_;
  line_counters reported_;
  std::string outgoing_;    ///< what the kernel has not taken yet
  std::uint64_t told_ = 0;  ///< the last number of durable lines that is in outgoing_ or sent
  bool failing_ = false;
  std::uint64_t refusals_ = 0;  ///< one after the other
  std::unique_ptr<char[]> input_;
  // the group that is being gathered
  std::string group_;
  std::uint32_t group_lines_ = 0;
  clock::time_point group_due_;
};

}  // namespace weir
