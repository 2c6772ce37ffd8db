// SPDX-License-Identifier: Apache-2.0
// file_lines: the lines of files as a line_feed. The lane lists the input and reads blocks ahead;
// the task cuts them into lines and knows the position after each.
//
// Owner:      the source task; split_sequence belongs to the lane jobs.
// Invariants: (1) blocks arrive in the order in which they were asked for; (2) a buffer is in one
//             place: spare, with a job, filled, or open; (3) no line is handed out before the input
//             was listed.
// Source:     P11, P21.
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>

#include "connectors/lane_call.hpp"
#include "connectors/long_lines.hpp"
#include "connectors/split_lines.hpp"
#include "connectors/split_sequence.hpp"
#include "weir/core/line_feed.hpp"

namespace weir {

namespace {

/// One block is split into lines while the next is read: more would only hide a disk that is too
/// slow anyway. 256 KiB: about 100 us of a fast disk, so that a trip to the lane costs little.
constexpr std::size_t buffers_max = 2;
constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

using buffer_ptr = std::unique_ptr<char[]>;

struct filled_buffer {
  buffer_ptr buffer;
  std::optional<sequence_block> block;  ///< nothing: there are no more
};

class file_lines_feed final : public line_feed {
 public:
  file_lines_feed(std::string uid, file_lines_options options)
      : line_feed(std::move(uid)), options_(std::move(options)) {}

  void attach(unit_host& host) override { host_ = &host; }
  result<void> restore(operator_restore written) override;
  void open() override;
  outcome next(std::string_view& line) override;
  source_progress progress() const override;
  void close() override { closed_ = true; }
  bool snapshot(epoch_id, operator_image& out) override;
  bool collect(epoch_id, operator_image& out) override;

 private:
  void list_input();
  void start(std::vector<split_progress> share);
  void read_ahead();
  void on_block(filled_buffer filled);
  bool open_block();
  void end_block();
  void end_split();
  void report_grown(const sequence_block& block);
  bool ended() const { return all_read_ && filled_.empty() && !lines_; }

  // set once
  file_lines_options options_;
  line_options lines_options_;
  unit_host* host_ = nullptr;
  // the subtask's share, once known
  bool known_ = false;
  std::vector<split_progress> share_;
  std::shared_ptr<split_sequence> sequence_;  ///< only lane jobs touch what it points to
  // reading ahead
  std::vector<buffer_ptr> spare_;
  std::deque<filled_buffer> filled_;
  bool all_read_ = false;
  bool closed_ = false;
  // the split that is handed out
  std::size_t current_ = 0;
  std::optional<split_lines> lines_;
  buffer_ptr open_buffer_;
};

result<void> file_lines_feed::restore(operator_restore written) {
  // Without splits nothing was enumerated, or the operator is new: it enumerates.
  if (written.fresh || written.image.splits.empty()) return {};
  const subtask_info& subtask = host_->subtask();
  auto share = restored_share(written.image.splits, subtask.index, subtask.parallelism);
  if (!share) {
    return error{share.error().code, "source '" + uid() + "': " + share.error().message};
  }
  share_ = std::move(*share);
  known_ = true;
  return {};
}

void file_lines_feed::open() {
  const auto checked = line_options_of(options_.line_bytes_max, options_.too_long, uid());
  if (!checked) throw task_error(checked.error());
  lines_options_ = *checked;
  if (known_) {
    start(std::move(share_));
  } else {
    list_input();
  }
}

void file_lines_feed::list_input() {
  split_options options;
  options.split_bytes = options_.split_bytes;
  const subtask_info subtask = host_->subtask();
  using share_type = std::vector<split_progress>;
  auto work = [paths = options_.paths, options, subtask]() -> result<share_type> {
    const auto all = enumerate_splits(paths, options);
    if (!all) return all.error();
    return enumerated_share(*all, options.split_bytes, subtask.index, subtask.parallelism);
  };
  host_->submit(lane_call(std::move(work), [this](share_type share) {
    start(std::move(share));
    host_->wake();
  }));
}

void file_lines_feed::start(std::vector<split_progress> share) {
  share_ = std::move(share);
  known_ = true;
  sequence_ = std::make_shared<split_sequence>(share_);
  if (share_.empty()) {
    all_read_ = true;
    return;
  }
  for (std::size_t i = 0; i < buffers_max; ++i) {
    spare_.push_back(std::make_unique_for_overwrite<char[]>(buffer_bytes));
  }
  read_ahead();
}

/// Asks for a block into each spare buffer.
void file_lines_feed::read_ahead() {
  while (!spare_.empty() && !all_read_ && !closed_) {
    auto work = [sequence = sequence_,
                 buffer = std::move(spare_.back())]() mutable -> result<filled_buffer> {
      const auto block = sequence->read(buffer.get(), buffer_bytes);
      if (!block) return block.error();
      return filled_buffer{std::move(buffer), *block};
    };
    spare_.pop_back();
    host_->submit(
        lane_call(std::move(work), [this](filled_buffer filled) { on_block(std::move(filled)); }));
  }
}

void file_lines_feed::on_block(filled_buffer filled) {
  if (filled.block) {
    filled_.push_back(std::move(filled));
  } else {
    all_read_ = true;
  }
  host_->wake();
}

/// A line belongs to the split in which it begins, so that the last one of a split may end behind it.
source_progress file_lines_feed::progress() const {
  if (!known_) return {};
  source_progress known{0, 0};
  for (std::size_t i = 0; i < share_.size(); ++i) {
    const file_split& split = share_[i].split;
    const bool open = lines_ && i == current_;
    const auto offset = open ? lines_->offset_after_last_line() : share_[i].offset;
    *known.all += split.end - split.begin;
    if (!share_[i].done) *known.left += split.end - std::min(offset, split.end);
  }
  return known;
}

line_feed::outcome file_lines_feed::next(std::string_view& line) {
  while (true) {
    if (lines_) {
      if (lines_->next_line(line)) [[likely]]
        return outcome::line;
      end_block();
    }
    if (!open_block()) return ended() ? outcome::ended : outcome::starved;
  }
}

/// The open block, if there is one, is used up: its buffer goes back, perhaps its split ends.
void file_lines_feed::end_block() {
  if (lines_->failed()) throw task_error(lines_->failure());
  if (open_buffer_) spare_.push_back(std::move(open_buffer_));
  if (lines_->finished()) end_split();
  read_ahead();
}

void file_lines_feed::end_split() {
  split_progress& progress = share_[current_];
  progress.offset = lines_->offset_after_last_line();
  progress.done = true;
  if (const auto count = lines_->counters().too_long; count != 0) {
    host_->report(long_lines_text(count, "split '" + progress.split.id() + "'", lines_options_));
  }
  lines_.reset();
}

bool file_lines_feed::open_block() {
  if (filled_.empty()) return false;
  const sequence_block block = *filled_.front().block;
  open_buffer_ = std::move(filled_.front().buffer);
  filled_.pop_front();
  if (!lines_) {
    current_ = block.index;
    lines_.emplace(share_[current_].split, share_[current_].offset, lines_options_);
  }
  WEIR_CHECK(block.index == current_, uid(), block.index, current_);
  if (block.content.last) report_grown(block);
  lines_->on_block(block.content);
  return true;
}

/// Told by the file's last split only: one line a file, whatever the number of subtasks.
void file_lines_feed::report_grown(const sequence_block& block) {
  const file_split& split = share_[block.index].split;
  if (block.grown_bytes == 0 || split.end != split.file_size_seen) return;
  host_->report("input file '" + split.path + "' has grown by " +
                std::to_string(block.grown_bytes) +
                " bytes since it was enumerated; they are not read");
}

bool file_lines_feed::snapshot(epoch_id, operator_image& out) {
  // With the splits of some subtasks only, a restore would lose those of the others: a checkpoint
  // waits until all have listed the input.
  if (!known_) return false;
  for (std::size_t i = 0; i < share_.size(); ++i) {
    split_progress progress = share_[i];
    if (lines_ && i == current_) progress.offset = lines_->offset_after_last_line();
    out.splits.push_back(encode_progress(progress));
  }
  return true;
}

/// Only for markers that came before the input was listed: no line was read before those, whatever
/// was read since.
bool file_lines_feed::collect(epoch_id, operator_image& out) {
  if (!known_) return false;
  for (const split_progress& progress : share_) {
    out.splits.push_back(encode_progress({progress.split, progress.split.begin, false}));
  }
  return true;
}

}  // namespace

std::unique_ptr<line_feed> make_file_lines(std::string uid, file_lines_options options) {
  return std::make_unique<file_lines_feed>(std::move(uid), std::move(options));
}

}  // namespace weir
