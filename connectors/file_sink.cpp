// SPDX-License-Identifier: Apache-2.0
// file_sink: lines in part files, exactly once, as a line_sink. The task gathers text, markers and
// commits; one lane job at a time does what has been gathered since the one before.
//
// Owner:      the sink task; part_lane belongs to the lane jobs, except stop().
// Invariants: (1) an intent stays in unconfirmed_, and in every snapshot of its epoch or a later
//             one, until its file is durably visible (P17); an abort drops none; (2) text never
//             crosses a marker: a prepare step stands behind all text that came before it.
// Source:     P11, P17.
#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>

#include "connectors/lane_call.hpp"
#include "connectors/line_buffers.hpp"
#include "connectors/part_lane.hpp"

namespace weir {

namespace {

class file_sink_unit final : public line_sink {
 public:
  file_sink_unit(std::string uid, file_sink_options options)
      : line_sink(std::move(uid)), options_(std::move(options)) {}
  ~file_sink_unit() override { close(); }

  void attach(unit_host& host) override { host_ = &host; }
  result<void> restore(operator_restore written) override;
  void open() override;
  std::string& buffer() override { return buffers_.open(); }
  void written() override {
    if (buffers_.is_full_buffer()) hand_on();
  }
  void flush() override;
  bool ready() const override { return opened_ && !disk_full_ && buffers_.has_room(); }
  void close() override;

  bool snapshot(epoch_id epoch, operator_image& out) override;
  bool collect(epoch_id epoch, operator_image& out) override;
  bool commit(epoch_id epoch) override;
  bool committed(epoch_id epoch) override;

 private:
  struct epoch_intent {
    epoch_id epoch;
    commit_intent intent;
  };

  std::chrono::nanoseconds now() const { return host_->now().time_since_epoch(); }
  void hand_on();
  void add_step(sink_step::kind what);
  void submit_work();
  void add_commits(sink_work& work) const;
  void on_done(sink_work work);
  void take_step(sink_step step);
  void take_disk_state(const sink_work& work);
  bool is_preparing(epoch_id epoch) const {
    return !preparing_.empty() && preparing_.front() <= epoch;
  }

  // set once
  file_sink_options options_;
  unit_host* host_ = nullptr;
  sink_restore restored_;
  std::shared_ptr<part_lane> lane_;
  // text and steps on their way
  line_buffers buffers_;
  std::vector<sink_step> queue_;
  bool job_runs_ = false;
  bool opened_ = false;
  bool closed_ = false;
  bool disk_full_ = false;
  bool flush_wanted_ = false;
  steady_time roll_due_ = steady_time::max();
  // epochs
  std::deque<epoch_id> preparing_;
  std::vector<epoch_intent> unconfirmed_;  ///< in order of epochs
  epoch_id commit_through_;
};

result<void> file_sink_unit::restore(operator_restore written) {
  restored_.fresh = written.fresh;
  for (const byte_vector& bytes : written.image.intents) {
    auto intent = decode_intent(bytes);
    if (!intent) {
      return error{intent.error().code, "file sink '" + uid() + "': " + intent.error().message};
    }
    restored_.intents.push_back(std::move(*intent));
  }
  return {};
}

void file_sink_unit::open() {
  const subtask_info& subtask = host_->subtask();
  part_files_options options;
  options.directory = options_.directory;
  options.storage = options_.storage;
  options.sink = {options_.prefix, uid()};
  options.share = {subtask.index, subtask.parallelism};
  options.attempt = subtask.attempt;
  options.roll_bytes = options_.roll_bytes;
  options.roll_after = std::chrono::milliseconds(options_.roll_ms);
  lane_ = std::make_shared<part_lane>(std::move(options), options_.when_full, std::move(restored_));
  submit_work();
}

void file_sink_unit::flush() {
  if (!buffers_.open().empty()) {
    flush_wanted_ = job_runs_;  // the text that comes meanwhile goes with it
    if (!job_runs_) hand_on();
  }
  if (host_->now() < roll_due_) return;
  roll_due_ = steady_time::max();
  add_step(sink_step::kind::roll);
  if (!job_runs_) submit_work();
}

/// Nothing is discarded: what was prepared stays for the commit that a later attempt repeats.
void file_sink_unit::close() {
  closed_ = true;
  if (lane_) lane_->stop();
}

void file_sink_unit::hand_on() {
  flush_wanted_ = false;
  if (!buffers_.open().empty()) {
    add_step(sink_step::kind::append);
    queue_.back().text = buffers_.take();
    if (options_.roll_ms != 0 && roll_due_ == steady_time::max()) {
      roll_due_ = host_->now() + std::chrono::milliseconds(options_.roll_ms);
    }
  }
  if (!job_runs_) submit_work();
}

void file_sink_unit::add_step(sink_step::kind what) {
  sink_step step;
  step.what = what;
  step.now = now();
  queue_.push_back(std::move(step));
}

/// Gives the lane all that has gathered. The first job also opens, with or without steps.
void file_sink_unit::submit_work() {
  WEIR_CHECK(!job_runs_, uid());
  if (closed_ || !lane_) return;
  sink_work work;
  add_commits(work);
  if (opened_ && work.commits.empty() && queue_.empty()) return;
  work.steps.swap(queue_);
  job_runs_ = true;
  auto call = [lane = lane_, work = std::move(work)]() mutable {
    return lane->run(std::move(work));
  };
  host_->submit(lane_call(std::move(call), [this](sink_work done) { on_done(std::move(done)); }));
}

void file_sink_unit::add_commits(sink_work& work) const {
  for (const epoch_intent& open : unconfirmed_) {
    if (open.epoch > commit_through_) break;
    work.commits.push_back(open.intent);
    work.commit_through = open.epoch;
  }
}

void file_sink_unit::on_done(sink_work work) {
  job_runs_ = false;
  opened_ = true;
  if (work.files_removed != 0) {
    host_->report("file sink '" + uid() + "': removed " + std::to_string(work.files_removed) +
                  " pending files of attempts that failed");
  }
  if (work.committed && !work.commits.empty()) {
    const epoch_id through = work.commit_through;
    std::erase_if(unconfirmed_, [through](const epoch_intent& e) { return e.epoch <= through; });
  }
  take_disk_state(work);
  const auto rest = work.steps.begin() + static_cast<std::ptrdiff_t>(work.steps_done);
  for (auto step = work.steps.begin(); step != rest; ++step) take_step(std::move(*step));
  queue_.insert(queue_.begin(), std::make_move_iterator(rest),
                std::make_move_iterator(work.steps.end()));
  if (flush_wanted_) hand_on();
  if (!job_runs_) submit_work();
  host_->wake();
}

void file_sink_unit::take_step(sink_step step) {
  if (step.what == sink_step::kind::append) buffers_.give_back(std::move(step.text));
  if (step.what != sink_step::kind::prepare) return;
  WEIR_CHECK(!preparing_.empty() && preparing_.front() == step.epoch, uid(), step.epoch);
  preparing_.pop_front();
  for (commit_intent& intent : step.intents) {
    unconfirmed_.push_back({step.epoch, std::move(intent)});
  }
}

void file_sink_unit::take_disk_state(const sink_work& work) {
  const bool full = work.no_space.has_value();
  if (full && !disk_full_) {
    host_->report("file sink '" + uid() + "' waits for space: " + work.no_space->message);
  }
  if (!full && disk_full_) host_->report("file sink '" + uid() + "' has space again");
  disk_full_ = full;
}

bool file_sink_unit::snapshot(epoch_id epoch, operator_image&) {
  WEIR_CHECK(preparing_.empty() || preparing_.back() < epoch, uid(), epoch);
  if (!buffers_.open().empty()) hand_on();
  add_step(sink_step::kind::prepare);
  queue_.back().epoch = epoch;
  preparing_.push_back(epoch);
  roll_due_ = steady_time::max();
  if (!job_runs_) submit_work();
  return false;
}

/// P17: all intents that are not confirmed, also those of aborted epochs; but none of a later one,
/// whose records the restored sources would bring again.
bool file_sink_unit::collect(epoch_id epoch, operator_image& out) {
  if (is_preparing(epoch)) return false;
  for (const epoch_intent& open : unconfirmed_) {
    if (open.epoch > epoch) break;
    encode_intent(open.intent, out.intents.emplace_back());
  }
  return true;
}

bool file_sink_unit::commit(epoch_id epoch) {
  commit_through_ = std::max(commit_through_, epoch);
  if (!job_runs_) submit_work();
  return committed(epoch);
}

bool file_sink_unit::committed(epoch_id epoch) {
  if (!opened_ || is_preparing(epoch)) return false;
  return unconfirmed_.empty() || unconfirmed_.front().epoch > epoch;
}

}  // namespace

std::unique_ptr<line_sink> make_file_sink(std::string uid, file_sink_options options) {
  return std::make_unique<file_sink_unit>(std::move(uid), std::move(options));
}

}  // namespace weir
