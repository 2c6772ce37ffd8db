// SPDX-License-Identifier: Apache-2.0
#include "connectors/journaled_intake.hpp"

#include <algorithm>
#include <utility>

#include "connectors/long_lines.hpp"
#include "connectors/socket_session.hpp"
#include "weir/core/check.hpp"

namespace weir {

namespace {

using std::chrono::milliseconds;
/// What a read of a loopback connection gives at most.
constexpr std::size_t input_bytes = std::size_t{64} << 10;
/// An older attempt of this process may hold the journal for a moment; 5 s in all.
constexpr int open_tries_max = 50;

std::unique_ptr<line_session> socket_of(const intake_settings& settings) {
  return std::make_unique<socket_session>(socket_peer{settings.socket.host, settings.socket.port},
                                          milliseconds(settings.socket.connect_timeout_ms),
                                          settings.seed);
}

}  // namespace

journaled_intake::journaled_intake(intake_settings settings)
    : settings_(std::move(settings)),
      session_(settings_.open_session ? settings_.open_session() : socket_of(settings_)),
      splitter_(settings_.lines),
      input_(std::make_unique_for_overwrite<char[]>(input_bytes)),
      group_(record_header_bytes, '\0') {}

result<intake_block> journaled_intake::step(std::string spare) {
  if (group_lines_ == 0 && spare.capacity() > group_.capacity()) {
    group_ = std::move(spare);
    group_.assign(record_header_bytes, '\0');
  }
  intake_block out;
  result<void> done;
  if (!journal_) {
    done = open(out);
  } else if (replay_) {
    done = replay(out);
  } else {
    done = read_socket(out);
  }
  if (!done) return done.error();
  return out;
}

// -- the journal -------------------------------------------------------------------------------

result<void> journaled_intake::open(intake_block& out) {
  auto on = settings_.open_disk();
  if (!on && on.error().code == error_code::in_use && ++open_tries_ < open_tries_max) {
    (void)session_->wait_for_stop(line_session::step_wait_max);
    return {};
  }
  if (!on) return on.error();
  auto opened = journal::open(std::move(*on), settings_.log);
  if (!opened) return opened.error();
  journal_ = std::move(*opened);
  if (!journal_->news().empty()) out.news.push_back(journal_->news());
  if (auto fits = check_position(); !fits) return fits;
  replay_.emplace(*journal_, settings_.position);
  return {};
}

/// A checkpoint and a journal that do not belong together would give wrong counts.
result<void> journaled_intake::check_position() const {
  const std::uint64_t first = journal_->first_line();
  if (settings_.position >= first && settings_.position <= journal_->lines()) return {};
  return error{error_code::corrupt,
               "the checkpoint goes on at line " + std::to_string(settings_.position) +
                   ", but the journal in " + settings_.journal.directory + " holds lines " +
                   std::to_string(first) + " to " + std::to_string(journal_->lines()) +
                   " (the latter excluded): they do not belong together"};
}

result<void> journaled_intake::replay(intake_block& out) {
  const std::uint64_t first = replay_->line();
  auto found = replay_->next();
  if (!found) return found.error();
  out.bytes = std::move(found->text);
  out.first_line = first;
  out.lines = found->lines;
  if (out.lines != 0) return {};
  replay_.reset();
  out.ended = journal_->ended();
  const std::uint64_t read = journal_->lines() - settings_.position;
  if (read != 0) out.news.push_back(std::to_string(read) + " lines were read from the journal");
  return {};
}

std::string journaled_intake::trim(std::uint64_t below) {
  if (!journal_) return {};
  const auto done = journal_->trim(below);
  return done ? std::string() : "cannot trim the journal: " + done.error().message;
}

// -- the socket --------------------------------------------------------------------------------

result<void> journaled_intake::read_socket(intake_block& out) {
  for (bool over = false; !over;) {
    send_outgoing();
    auto step = session_->step(input_.get(), input_bytes, time_left());
    if (!step) return step.error();
    const auto taken = take(*step, {input_.get(), step->size}, out);
    if (!taken) return taken.error();
    over = *taken || group_lines_ == 0 || group_.size() >= settings_.journal.sync_bytes ||
           clock::now() >= group_due_;
  }
  if (auto done = commit(out); !done) return done;
  send_outgoing();
  return {};
}

milliseconds journaled_intake::time_left() const {
  if (group_lines_ == 0) return line_session::step_wait_max;
  const auto left = std::chrono::ceil<milliseconds>(group_due_ - clock::now());
  return std::clamp(left, milliseconds(0), line_session::step_wait_max);
}

/// Whether what was gathered is to become durable now.
result<bool> journaled_intake::take(const session_step& step, std::string_view bytes,
                                    intake_block& out) {
  switch (step.what) {
    case session_step::kind::bytes:
      return on_bytes(bytes, out);
    case session_step::kind::connected:
      on_connected(step, out);
      return true;
    case session_step::kind::try_failed:
      if (step.is_news()) {
        out.news.push_back(step.reason + "; trying again, try " + std::to_string(step.waits));
      }
      failing_ = true;
      return true;
    case session_step::kind::closed:
    case session_step::kind::lost:
      return on_disconnect(step, out);
    case session_step::kind::nothing:
      if (!answer_is_late()) return false;
      return refuse("did not answer RESUME " + std::to_string(told_) + " within " +
                        std::to_string(settings_.socket.connect_timeout_ms) + " ms",
                    out);
    case session_step::kind::stopped:
      break;
  }
  return true;
}

bool journaled_intake::answer_is_late() const {
  return handshake_ && handshake_->state() == resume_handshake::peer::unknown &&
         handshake_->must_answer() &&
         clock::now() - connected_at_ >= milliseconds(settings_.socket.connect_timeout_ms);
}

void journaled_intake::on_connected(const session_step& step, intake_block& out) {
  WEIR_CHECK(group_lines_ == 0, group_lines_);
  told_ = journal_->lines();
  handshake_.emplace(settings_.journal.with_peer, told_, journal_->peer_spoke());
  outgoing_ = handshake_->greeting();
  connected_at_ = clock::now();
  if (step.is_news() || failing_) {
    out.news.push_back("connected to " + peer() + ", " + std::to_string(told_) +
                       " lines are in the journal");
  }
  failing_ = false;
}

result<bool> journaled_intake::on_bytes(std::string_view bytes, intake_block& out) {
  if (handshake_->state() != resume_handshake::peer::unknown) {
    if (auto done = split(bytes); !done) return done.error();
    return false;
  }
  if (auto fits = handshake_->feed(bytes); !fits) return refuse(fits.error().message, out);
  if (handshake_->state() == resume_handshake::peer::unknown) return false;
  refusals_ = 0;
  if (handshake_->state() == resume_handshake::peer::speaks) {
    if (auto noted = journal_->commit_peer_spoke(); !noted) return noted.error();
  }
  if (auto done = split(handshake_->data()); !done) return done.error();
  return false;
}

result<bool> journaled_intake::refuse(std::string reason, intake_block& out) {
  reason = peer() + " " + reason;
  if (!settings_.socket.reconnect) return error{error_code::connection, std::move(reason)};
  session_step left = session_->refuse(std::move(reason));
  left.waits = ++refusals_;
  if (left.is_news()) {
    out.news.push_back(left.reason + "; nothing of it was taken, connecting again, try " +
                       std::to_string(left.waits));
  }
  failing_ = true;
  handshake_.reset();
  return true;
}

result<bool> journaled_intake::on_disconnect(const session_step& step, intake_block& out) {
  const bool lost = step.what == session_step::kind::lost;
  if (handshake_->state() == resume_handshake::peer::unknown) {
    if (auto fits = handshake_->on_end(); !fits) return refuse(fits.error().message, out);
    if (auto done = split(handshake_->data()); !done) return done.error();
  }
  const bool ends = !settings_.socket.reconnect && !lost;
  const auto cut = ends ? partial_line_policy::emit : partial_line_policy::drop;
  if (auto done = finish_lines(cut, out); !done) return done.error();
  handshake_.reset();
  if (auto done = commit(out); !done) return done.error();
  if (lost && !settings_.socket.reconnect) return error{error_code::connection, step.reason};
  if (step.is_news()) {
    out.news.push_back(lost   ? step.reason + "; connecting again"
                       : ends ? peer() + " closed the connection: end of the stream"
                              : peer() + " closed the connection; connecting again");
  }
  if (!ends) return true;
  if (auto done = journal_->commit_end(); !done) return done.error();
  out.ended = true;
  return true;
}

// -- lines -------------------------------------------------------------------------------------

result<void> journaled_intake::split(std::string_view bytes) {
  splitter_.begin_block(bytes);
  std::string_view line;
  line_step step = splitter_.next(line);
  for (; step == line_step::line; step = splitter_.next(line)) add_line(line);
  if (step == line_step::too_long) return line_too_long();
  return {};
}

void journaled_intake::add_line(std::string_view line) {
  if (group_lines_++ == 0) group_due_ = clock::now() + settings_.journal.sync_delay;
  group_.append(line).push_back('\n');
}

result<void> journaled_intake::finish_lines(partial_line_policy cut, intake_block& out) {
  std::string_view line;
  const line_step last = splitter_.finish(cut, line);
  if (last == line_step::too_long) return line_too_long();
  if (last == line_step::line) add_line(line);
  const line_counters& now = splitter_.counters();
  if (const auto count = now.too_long - reported_.too_long; count != 0) {
    out.news.push_back(long_lines_text(count, peer(), settings_.lines));
  }
  if (now.partial_dropped != reported_.partial_dropped) {
    out.news.push_back(peer() + " closed the connection within a line, which was dropped");
  }
  reported_ = now;
  return {};
}

error journaled_intake::line_too_long() const {
  return {error_code::corrupt,
          "a line from " + peer() + " (after " + std::to_string(splitter_.counters().lines) +
              " others) is longer than " + std::to_string(settings_.lines.length_max) + " bytes"};
}

/// What was gathered becomes durable, and goes to the task.
result<void> journaled_intake::commit(intake_block& out) {
  if (group_lines_ == 0) return {};
  out.first_line = journal_->lines();
  if (auto done = journal_->commit(group_, group_lines_); !done) return done;
  out.lines = group_lines_;
  out.bytes = std::exchange(group_, std::string(record_header_bytes, '\0'));
  out.begin = record_header_bytes;
  group_lines_ = 0;
  return {};
}

/// A peer that does not read its acks is not waited for: they are cumulative.
void journaled_intake::send_outgoing() {
  const bool acks = handshake_ && handshake_->state() == resume_handshake::peer::speaks;
  while (true) {
    if (!outgoing_.empty()) outgoing_.erase(0, session_->send(outgoing_));
    if (!outgoing_.empty() || !acks || told_ == journal_->lines()) return;
    told_ = journal_->lines();
    outgoing_ = resume_handshake::ack(told_);
  }
}

}  // namespace weir
