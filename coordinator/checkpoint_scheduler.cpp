// SPDX-License-Identifier: Apache-2.0
#include "coordinator/checkpoint_scheduler.hpp"

#include <algorithm>

#include "common/duration.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

constexpr std::size_t told_failures_max = 5;  // beside the first: a message for a person

// A final checkpoint has no interval to wait for. Without a pause, one that fails at once (a drain
// still open, a full disk) would use up the tolerable failures within a millisecond.
constexpr std::chrono::milliseconds final_retry_pause{100};

}  // namespace

void checkpoint_scheduler::on_resumed(time_point now) {
  WEIR_CHECK(!running_, running_->epoch);
  stopped_ = false;
  interval_from_ = now;
  last_end_.reset();
  last_failure_.reset();
}

void checkpoint_scheduler::hasten(time_point now) {
  interval_from_ = std::min(interval_from_, now - settings_.interval);
}

void checkpoint_scheduler::on_stopped() {
  stopped_ = true;
  running_.reset();
  final_requested_ = false;
  savepoint_requested_ = false;
  now_requested_ = false;
}

void checkpoint_scheduler::request(checkpoint_kind kind) {
  WEIR_CHECK(kind == checkpoint_kind::final || kind == checkpoint_kind::savepoint,
             static_cast<int>(kind));
  (kind == checkpoint_kind::final ? final_requested_ : savepoint_requested_) = true;
}

scheduler_step checkpoint_scheduler::next(time_point now) const {
  if (stopped_) return wait_until{};
  if (running_) {
    if (running_->sealed) return wait_until{};
    const auto deadline = running_->started + settings_.timeout;
    if (now >= deadline) return expire_checkpoint{running_->epoch};
    return wait_until{deadline};
  }
  if (savepoint_requested_) return start_checkpoint{checkpoint_kind::savepoint};
  if (final_requested_) {
    const auto due = last_failure_ ? *last_failure_ + final_retry_pause : now;
    if (now >= due) return start_checkpoint{checkpoint_kind::final};
    return wait_until{due};
  }
  if (now_requested_) return start_checkpoint{checkpoint_kind::periodic};
  if (!settings_.enabled()) return wait_until{};
  const auto due = periodic_due();
  if (now >= due) return start_checkpoint{checkpoint_kind::periodic};
  return wait_until{due};
}

checkpoint_scheduler::time_point checkpoint_scheduler::periodic_due() const {
  const auto due = interval_from_ + settings_.interval;
  return last_end_ ? std::max(due, *last_end_ + settings_.min_pause) : due;
}

void checkpoint_scheduler::on_started(epoch_id epoch, time_point now) {
  WEIR_CHECK(!stopped_, epoch);
  WEIR_CHECK(!running_, epoch, running_->epoch);
  const auto step = next(now);
  const auto* start = std::get_if<start_checkpoint>(&step);
  WEIR_CHECK(start != nullptr, "no checkpoint is due", epoch);
  running_ = running_checkpoint{
      .epoch = epoch, .kind = start->kind, .started = now, .serves_final = final_requested_};
  if (start->kind == checkpoint_kind::savepoint) savepoint_requested_ = false;
  now_requested_ = false;
  interval_from_ = now;
}

void checkpoint_scheduler::on_sealed(epoch_id epoch) {
  WEIR_CHECK(in_progress() == epoch, epoch);
  running_->sealed = true;
}

void checkpoint_scheduler::on_completed(epoch_id epoch, time_point now) {
  WEIR_CHECK(in_progress() == epoch, epoch);
  if (running_->serves_final) final_requested_ = false;
  end(epoch, now);
  last_failure_.reset();
  failures_ = 0;
  last_failed_.clear();
}

std::optional<too_many_failures> checkpoint_scheduler::on_failed(epoch_id epoch, time_point now,
                                                                 std::string_view reason) {
  end(epoch, now);
  last_failure_ = now;
  if (failures_++ == 0) {
    first_failed_at_ = now;
    first_failed_ = reason;
  } else {
    last_failed_.emplace_back(reason);
    if (last_failed_.size() > told_failures_max) last_failed_.pop_front();
  }
  if (failures_ <= settings_.tolerable_failures) return std::nullopt;
  too_many_failures verdict{story(now)};
  failures_ = 0;  // the job restarts with a full allowance, or not at all
  last_failed_.clear();
  return verdict;
}

void checkpoint_scheduler::on_aborted(epoch_id epoch, time_point now) {
  end(epoch, now);
}

std::optional<epoch_id> checkpoint_scheduler::in_progress() const {
  if (!running_) return std::nullopt;
  return running_->epoch;
}

void checkpoint_scheduler::end(epoch_id epoch, time_point now) {
  WEIR_CHECK(in_progress() == epoch, epoch);
  running_.reset();
  last_end_ = now;
}

/// "4 checkpoints in a row failed within 3.1 s, 3 are tolerable; first: <reason>; then: <reason>;
/// <reason>"
std::string checkpoint_scheduler::story(time_point now) const {
  if (failures_ == 1) return "a checkpoint failed, and none may: " + first_failed_;
  std::string text = std::to_string(failures_) + " checkpoints in a row failed within " +
                     print_rounded(now - first_failed_at_) + ", " +
                     std::to_string(settings_.tolerable_failures) +
                     " are tolerable; first: " + first_failed_;
  const auto left_out = failures_ - 1 - last_failed_.size();
  text += left_out == 0 ? "; then: " : "; then " + std::to_string(left_out) + " others, and: ";
  for (const auto& reason : last_failed_) {
    text += reason;
    if (&reason != &last_failed_.back()) text += "; ";
  }
  return text;
}

}  // namespace weir
