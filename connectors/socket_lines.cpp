// SPDX-License-Identifier: Apache-2.0
// socket_lines: the lines that a TCP peer sends as a line_feed. At-most-once: it has no positions.
//
// Owner:      the source task; the session belongs to the lane jobs, except stop().
// Invariants: (1) one lane job at a time, so that others of the task wait for one step at most;
//             (2) a buffer is in one place: spare, with the job, arrived, or open; without a spare
//             one nothing is read, and the peer feels it; (3) a line is of one connection.
#include <deque>
#include <memory>
#include <optional>
#include <random>

#include "connectors/lane_call.hpp"
#include "connectors/long_lines.hpp"
#include "connectors/socket_session.hpp"
#include "weir/core/line_feed.hpp"

namespace weir {

namespace {

/// One is split while the other is filled; 64 KiB is what a loopback read gives at most.
constexpr std::size_t buffers_max = 2;
constexpr std::size_t buffer_bytes = std::size_t{64} << 10;

using buffer_ptr = std::unique_ptr<char[]>;

struct stepped {
  buffer_ptr buffer;
  session_step step;
};

/// What comes to the task, in order: bytes, or (without a buffer) the end of a connection.
struct arrival {
  buffer_ptr buffer;
  std::size_t size = 0;
  partial_line_policy cut = partial_line_policy::drop;
  bool last = false;  ///< nothing follows, ever
};

class socket_lines_feed final : public line_feed {
 public:
  socket_lines_feed(std::string uid, socket_lines_options options)
      : line_feed(std::move(uid)), options_(std::move(options)) {}
  ~socket_lines_feed() override { close(); }

  void attach(unit_host& host) override { host_ = &host; }
  void open() override;
  outcome next(std::string_view& line) override;
  void close() override;

 private:
  void read_ahead();
  void on_step(stepped done);
  void on_disconnect(const session_step& step);
  void tell(const std::string& text) { host_->report("source '" + uid() + "': " + text); }
  bool take(line_step step);
  void release_block();
  bool end_connection(const arrival& end, std::string_view& line);
  void report_lines();
  error line_too_long() const;

  // set once
  socket_lines_options options_;
  unit_host* host_ = nullptr;
  std::shared_ptr<socket_session> session_;
  // reading ahead
  std::vector<buffer_ptr> spare_;
  std::deque<arrival> arrived_;
  bool job_runs_ = false;
  bool failing_ = false;  ///< the last try to connect failed
  bool stopped_ = false;  ///< nothing more is read
  // what is handed out
  line_splitter splitter_;
  line_counters reported_;
  buffer_ptr open_buffer_;
  bool ended_ = false;
};

void socket_lines_feed::open() {
  if (host_->subtask().index != 0) {  // one connection, whatever the parallelism
    stopped_ = ended_ = true;
    return;
  }
  const auto lines = line_options_of(options_.line_bytes_max, options_.too_long, uid());
  if (!lines) throw task_error(lines.error());
  splitter_ = line_splitter(*lines);
  session_ = std::make_shared<socket_session>(
      socket_peer{options_.host, options_.port},
      std::chrono::milliseconds(options_.connect_timeout_ms), std::random_device{}());
  for (std::size_t i = 0; i < buffers_max; ++i) {
    spare_.push_back(std::make_unique_for_overwrite<char[]>(buffer_bytes));
  }
  read_ahead();
}

void socket_lines_feed::close() {
  stopped_ = true;
  if (session_) session_->stop();
}

void socket_lines_feed::read_ahead() {
  if (job_runs_ || stopped_ || spare_.empty()) return;
  job_runs_ = true;
  auto work = [session = session_, buffer = std::move(spare_.back())]() mutable -> result<stepped> {
    auto step = session->step(buffer.get(), buffer_bytes);
    if (!step) return step.error();
    return stepped{std::move(buffer), std::move(*step)};
  };
  spare_.pop_back();
  host_->submit(lane_call(std::move(work), [this](stepped done) { on_step(std::move(done)); }));
}

void socket_lines_feed::on_step(stepped done) {
  job_runs_ = false;
  const session_step& step = done.step;
  const std::string peer = session_->peer().text();
  if (step.what == session_step::kind::bytes) {
    arrived_.push_back({std::move(done.buffer), step.size, partial_line_policy::drop, false});
    host_->wake();
  } else {
    spare_.push_back(std::move(done.buffer));
  }
  if (step.what == session_step::kind::connected) {
    if (step.is_news() || failing_) tell("connected to " + peer);
    failing_ = false;
  }
  if (step.what == session_step::kind::try_failed) {
    if (step.is_news()) tell(step.reason + "; trying again, try " + std::to_string(step.waits));
    failing_ = true;
  }
  if (step.what == session_step::kind::closed || step.what == session_step::kind::lost) {
    on_disconnect(step);
  }
  read_ahead();
}

void socket_lines_feed::on_disconnect(const session_step& step) {
  const bool lost = step.what == session_step::kind::lost;
  const std::string peer = session_->peer().text();
  if (lost && !options_.reconnect) throw task_error({error_code::connection, step.reason});
  if (step.is_news()) {
    tell(lost                 ? step.reason + "; connecting again"
         : options_.reconnect ? peer + " closed the connection; connecting again"
                              : peer + " closed the connection: end of the stream");
  }
  if (!options_.reconnect) {
    // The end of the data, as of a file: its last line needs no LF.
    stopped_ = true;
    arrived_.push_back({nullptr, 0, partial_line_policy::emit, true});
  } else if (arrived_.empty() || arrived_.back().buffer) {
    arrived_.push_back({nullptr, 0, partial_line_policy::drop, false});
  }
  host_->wake();
}

line_feed::outcome socket_lines_feed::next(std::string_view& line) {
  while (true) {
    if (open_buffer_) {
      if (take(splitter_.next(line))) return outcome::line;
      release_block();
    }
    if (ended_) return outcome::ended;
    if (arrived_.empty()) return outcome::starved;
    arrival now = std::move(arrived_.front());
    arrived_.pop_front();
    if (now.buffer) {
      splitter_.begin_block({now.buffer.get(), now.size});
      open_buffer_ = std::move(now.buffer);
    } else if (end_connection(now, line)) {
      return outcome::line;
    }
  }
}

/// Whether there is a line; throws when it broke the bound and that is not allowed.
bool socket_lines_feed::take(line_step step) {
  if (step == line_step::too_long) throw task_error(line_too_long());
  return step == line_step::line;
}

void socket_lines_feed::release_block() {
  spare_.push_back(std::move(open_buffer_));
  read_ahead();
}

bool socket_lines_feed::end_connection(const arrival& end, std::string_view& line) {
  const bool found = take(splitter_.finish(end.cut, line));
  ended_ = end.last;
  report_lines();
  return found;
}

void socket_lines_feed::report_lines() {
  const line_counters& now = splitter_.counters();
  const std::string peer = session_->peer().text();
  if (const auto count = now.too_long - reported_.too_long; count != 0) {
    tell(long_lines_text(count, peer, splitter_.options()));
  }
  if (now.partial_dropped != reported_.partial_dropped) {
    tell(peer + " closed the connection within a line, which was dropped");
  }
  reported_ = now;
}

error socket_lines_feed::line_too_long() const {
  return {error_code::corrupt, "a line from " + session_->peer().text() + " (after " +
                                   std::to_string(splitter_.counters().lines) +
                                   " others) is longer than " +
                                   std::to_string(splitter_.options().length_max) + " bytes"};
}

}  // namespace

std::unique_ptr<line_feed> make_socket_lines(std::string uid, socket_lines_options options) {
  return std::make_unique<socket_lines_feed>(std::move(uid), std::move(options));
}

}  // namespace weir
