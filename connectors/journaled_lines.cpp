// SPDX-License-Identifier: Apache-2.0
// journaled socket lines as a line_feed: exactly-once, because its lane makes lines durable in a
// journal before it hands them over, and reads them from there after a crash.
//
// Owner:      the source task; the intake belongs to the lane jobs, except stop().
// Invariants: (1) one reading and one trimming job at a time; (2) at most `blocks_max` blocks wait,
//             so that a slow task makes the peer feel it; (3) the position in a snapshot is the
//             number of the next line to be handed out.
// Source:     P18, P21.
#include <cstring>
#include <deque>
#include <memory>
#include <random>

#include "connectors/injected_disk.hpp"
#include "connectors/journal_position.hpp"
#include "connectors/journaled_intake.hpp"
#include "connectors/journaled_lines.hpp"
#include "connectors/lane_call.hpp"
#include "connectors/long_lines.hpp"
#include "connectors/posix_disk.hpp"
#include "weir/core/line_feed.hpp"

namespace weir {

namespace {

/// One is handed out while the next becomes durable.
constexpr std::size_t blocks_max = 2;

class journaled_lines_feed final : public line_feed {
 public:
  journaled_lines_feed(std::string uid, socket_lines_options socket, journal_options journal,
                       intake_change change)
      : line_feed(std::move(uid)),
        socket_(std::move(socket)),
        journal_(std::move(journal)),
        change_(std::move(change)) {}
  ~journaled_lines_feed() override { close(); }

  void attach(unit_host& host) override { host_ = &host; }
  result<void> restore(operator_restore written) override;
  void open() override;
  outcome next(std::string_view& line) override;
  void close() override;
  bool snapshot(epoch_id epoch, operator_image& out) override;
  void retained_from(epoch_id oldest) override;

 private:
  bool reads() const { return host_->subtask().index == 0; }
  intake_settings settings(line_options lines);
  void read_ahead();
  void on_block(intake_block block);
  void open_block();
  void close_block();
  void tell(const std::string& text) { host_->report("source '" + uid() + "': " + text); }

  // set once
  socket_lines_options socket_;
  journal_options journal_;
  intake_change change_;
  unit_host* host_ = nullptr;
  journal_position position_;
  std::shared_ptr<journaled_intake> intake_;
  // reading ahead
  std::string spare_;
  std::deque<intake_block> waiting_;
  bool job_runs_ = false;
  bool trims_ = false;
  bool stopped_ = false;  ///< nothing more is read
  // what is handed out
  intake_block block_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool ended_ = false;
  retained_positions retained_;
};

result<void> journaled_lines_feed::restore(operator_restore written) {
  auto position = restored_position(written);
  if (!position) {
    return error{position.error().code, "source '" + uid() + "': " + position.error().message};
  }
  position_ = *position;
  return {};
}

void journaled_lines_feed::open() {
  if (!reads()) {  // one connection, whatever the parallelism
    stopped_ = ended_ = true;
    return;
  }
  const auto lines = line_options_of(socket_.line_bytes_max, socket_.too_long, uid());
  if (!lines) throw task_error(lines.error());
  if (socket_.too_long == long_line::skip) {
    throw task_error({error_code::invalid_argument,
                      "source '" + uid() +
                          "': long lines cannot be skipped in a journal, because the peer counts "
                          "them; expected truncate or fail"});
  }
  intake_ = std::make_shared<journaled_intake>(settings(*lines));
  read_ahead();
}

intake_settings journaled_lines_feed::settings(line_options lines) {
  if (journal_.directory.empty()) {
    const std::string home = host_->state_directory();
    journal_.directory = (home.empty() ? "." : home) + "/journal/" + uid();
  }
  intake_settings made;
  made.socket = socket_;
  made.journal = journal_;
  made.lines = lines;
  made.log = {position_.generation, position_.begins, journal_.segment_bytes};
  made.position = position_.line;
  made.open_disk = [path = journal_.directory, faults = host_->journal_faults()] {
    auto opened = posix_disk::open(path);
    if (opened && faults) *opened = std::make_unique<injected_disk>(std::move(*opened), faults);
    return opened;
  };
  made.seed = std::random_device{}();
  if (change_) change_(made);
  return made;
}

void journaled_lines_feed::close() {
  stopped_ = true;
  if (intake_) intake_->stop();
}

void journaled_lines_feed::read_ahead() {
  if (job_runs_ || stopped_ || waiting_.size() >= blocks_max) return;
  job_runs_ = true;
  auto work = [intake = intake_, spare = std::exchange(spare_, {})]() mutable {
    return intake->step(std::move(spare));
  };
  host_->submit(
      lane_call(std::move(work), [this](intake_block block) { on_block(std::move(block)); }));
}

void journaled_lines_feed::on_block(intake_block block) {
  job_runs_ = false;
  for (const std::string& text : block.news) tell(text);
  block.news.clear();
  stopped_ = stopped_ || block.ended;
  if (block.lines != 0 || block.ended) {
    waiting_.push_back(std::move(block));
    host_->wake();
  }
  read_ahead();
}

line_feed::outcome journaled_lines_feed::next(std::string_view& line) {
  while (at_ == end_) {
    close_block();
    if (ended_) return outcome::ended;
    if (waiting_.empty()) return outcome::starved;
    open_block();
  }
  const auto* newline =
      static_cast<const char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)));
  WEIR_CHECK(newline != nullptr, uid(), position_.line);
  line = {at_, static_cast<std::size_t>(newline - at_)};
  at_ = newline + 1;
  ++position_.line;
  return outcome::line;
}

void journaled_lines_feed::open_block() {
  block_ = std::move(waiting_.front());
  waiting_.pop_front();
  const std::string_view text = block_.text();
  at_ = text.data();
  end_ = at_ + text.size();
  WEIR_CHECK(block_.lines == 0 || block_.first_line == position_.line, uid(), block_.first_line,
             position_.line);
  read_ahead();
}

void journaled_lines_feed::close_block() {
  if (at_ == nullptr) return;
  WEIR_CHECK(block_.lines == 0 || position_.line == block_.first_line + block_.lines, uid(),
             position_.line, block_.first_line, block_.lines);
  ended_ = block_.ended;
  spare_ = std::move(block_.bytes);
  block_ = {};
  at_ = end_ = nullptr;
}

bool journaled_lines_feed::snapshot(epoch_id epoch, operator_image& out) {
  if (!reads()) return true;
  out.splits.push_back(encode_position(position_));
  retained_.add(epoch, position_.line);
  return true;
}

void journaled_lines_feed::retained_from(epoch_id oldest) {
  if (trims_ || !intake_) return;
  const auto needed = retained_.needed_from(oldest);
  if (!needed) return;
  trims_ = true;
  auto work = [intake = intake_, line = *needed]() -> result<std::string> {
    return intake->trim(line);
  };
  host_->submit(lane_call(std::move(work), [this](std::string failure) {
    trims_ = false;
    if (!failure.empty()) tell(failure);
  }));
}

}  // namespace

std::unique_ptr<line_feed> make_journaled_socket_lines(std::string uid, socket_lines_options socket,
                                                       journal_options journal) {
  return make_journaled_lines(std::move(uid), std::move(socket), std::move(journal), {});
}

std::unique_ptr<line_feed> make_journaled_lines(std::string uid, socket_lines_options socket,
                                                journal_options journal, intake_change change) {
  return std::make_unique<journaled_lines_feed>(std::move(uid), std::move(socket),
                                                std::move(journal), std::move(change));
}

}  // namespace weir
