// SPDX-License-Identifier: Apache-2.0
#include "actors/task_shell.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "actors/disk_strike.hpp"
#include "actors/fault_strike.hpp"
#include "weir/core/poison.hpp"

namespace weir {
namespace {

/// Chunks asked for ahead of what was loaded: 2 x 16 x 64 KiB bound the mailbox of a restoring task to 2 MiB.
constexpr std::size_t load_window = 16;
/// Steps from one publication of the states' sizes to the next: some milliseconds of a busy task.
constexpr std::uint64_t steps_per_publication = 64;
/// A task that waits often says how far its source is no more often than this.
constexpr std::chrono::milliseconds progress_period{100};

}  // namespace

task_shell::task_shell(caf::event_based_actor* self, task_wiring wiring)
    : self_(self),
      wiring_(std::move(wiring)),
      name_(wiring_.physical->task_name(wiring_.task)),
      log_(log_layer::actors, {.job = wiring_.job, .task = name_}),
      pulse_((*wiring_.pulses)[wiring_.task.value]) {}

task_shell::~task_shell() {
  drop_core();
}

/// The boundary of user code: whatever it throws ends the attempt of this task, never the actor or the process.
template <class F>
void task_shell::guarded(F&& work) {
  const task_stay stay(pulse_);
  try {
    work();
  } catch (const poison_error& failure) {
    fail(failure.failure(), failure.kill());
  } catch (const injected_kill&) {
    self_->quit(caf::exit_reason::kill);
  } catch (...) {
    fail(current_error());
  }
  settle();
}

void task_shell::begin_work() {
  if (!meter_ || meter_->waits_for() == task_wait::none) return;
  const steady_time at = now();
  meter_->turn(task_wait::none, at);
  sample_latency(at);
}

/// Looked at when the clock is read anyway, and by a task that never waits each time that it publishes.
void task_shell::sample_latency(steady_time at) {
  const auto interval = wiring_.settings.latency_interval;
  if (interval.count() == 0 || at - latency_sampled_ < interval) return;
  latency_sampled_ = at;
  core_->sample_next();
}

void task_shell::settle() {
  if (!meter_) return;
  const task_wait wait = core_ ? core_->waits_for() : task_wait::input;
  if (wait == meter_->waits_for()) return;
  const steady_time at = now();
  meter_->turn(wait, at);
  if (!core_ || at - progress_noted_ < progress_period) return;
  progress_noted_ = at;
  core_->note_progress();
}

void task_shell::fail(error why, std::optional<record_kill> kill) {
  drop_core();
  if (wiring_.world) wiring_.world->on_failure(wiring_.task, why);
  self_->send(wiring_.supervisor,
              task_failed{wiring_.task, attempt_, std::move(why), std::move(kill)});
}

void task_shell::drop_core() {
  if (!core_) return;
  const task_stay stay(pulse_);
  try {
    core_->close();
  } catch (...) {
    log_.warn("closing failed: " + current_error().text());
  }
  core_.reset();
}

// -- recovery ---------------------------------------------------------------------------------------------------------

void task_shell::on_roll_back(attempt_id attempt) {
  if (attempt <= attempt_) return;
  attempt_ = attempt;
  drop_core();
  settle();
  self_->send(wiring_.supervisor, rolled_back{wiring_.task, attempt});
}

void task_shell::on_restore(restore_from what) {
  if (what.attempt != attempt_) return;
  guarded([&] {
    peers_ = std::move(what.peers);
    core_ = std::make_unique<task_core>(wiring_.physical, wiring_.task, attempt_, wiring_.settings,
                                        *this);
    meter_ = core_->meter();
    if (wiring_.meters) wiring_.meters->show(wiring_.task, meter_);
    begin_work();
    to_load_ = core_->begin_restore(std::move(what.from));
    requested_ = loaded_ = 0;
    if (to_load_.empty()) return finish_restore();
    request_chunks();
    request_chunks();
  });
}

void task_shell::request_chunks() {
  const std::size_t end = std::min(to_load_.size(), requested_ + load_window);
  if (end == requested_) return;
  load_chunks wanted{attempt_, {}, self_};
  wanted.refs.assign(to_load_.begin() + static_cast<std::ptrdiff_t>(requested_),
                     to_load_.begin() + static_cast<std::ptrdiff_t>(end));
  requested_ = end;
  self_->send(wiring_.store, std::move(wanted));
}

void task_shell::on_loaded(loaded_chunk& what) {
  if (what.attempt != attempt_ || !core_) return;
  guarded([&] {
    begin_work();
    if (auto loaded = core_->on_chunk(what.content); !loaded) throw task_error(loaded.error());
    ++loaded_;
    if (loaded_ == to_load_.size()) return finish_restore();
    if (loaded_ % load_window == 0) request_chunks();
  });
}

void task_shell::on_load_failed(const load_failed& what) {
  if (what.attempt == attempt_ && core_) fail(what.why);
}

void task_shell::finish_restore() {
  to_load_.clear();
  if (auto done = core_->finish_restore(); !done) throw task_error(done.error());
  self_->send(wiring_.supervisor, restored{wiring_.task, attempt_});
}

void task_shell::on_resume(attempt_id attempt) {
  if (attempt != attempt_ || !core_) return;
  guarded([&] {
    core_->resume();
    pump();
  });
}

// -- records ----------------------------------------------------------------------------------------------------------

void task_shell::on_element(element& what) {
  if (!core_) return;
  guarded([&] {
    core_->on_element(std::move(what));
    pump();
  });
}

void task_shell::on_credit(credit_return& what) {
  if (!core_) return;
  guarded([&] {
    core_->on_credit(std::move(what));
    pump();
  });
}

void task_shell::on_lane_result(lane_result& what) {
  if (!core_ || what.attempt != attempt_) return;
  guarded([&] {
    core_->on_lane_done(*what.job);
    pump();
  });
}

void task_shell::on_chunk_stored(attempt_id attempt) {
  if (!core_ || attempt != attempt_) return;
  guarded([&] {
    core_->on_chunk_stored();
    schedule();
  });
}

void task_shell::on_trigger(epoch_id epoch, sources_then then) {
  if (!core_) return;
  guarded([&] {
    begin_work();
    core_->on_trigger(epoch, then);
    schedule();
  });
}

void task_shell::on_abort(epoch_id epoch) {
  if (!core_) return;
  guarded([&] {
    core_->on_abort(epoch);
    pump();
  });
}

void task_shell::on_commit(const commit_epoch& what) {
  if (!core_) return;
  guarded([&] {
    begin_work();
    core_->on_commit(what.epoch, what.oldest_retained);
    publish();
    schedule();
  });
}

void task_shell::on_step() {
  step_sent_ = false;
  if (!core_) return;
  guarded([&] { pump(); });
}

void task_shell::pump() {
  if (core_->has_work()) {
    begin_work();
    if (wiring_.world) wiring_.world->before_step(wiring_.task);
    core_->step();
    if (++work_done_ % steps_per_publication == 0) publish();
  }
  schedule();
}

void task_shell::schedule() {
  if (core_->has_work()) {
    if (!std::exchange(step_sent_, true)) self_->send(self_, step_atom::value);
    return;
  }
  // Nothing to do: a flush message behind what is queued now finds out whether that stays so.
  if (!flush_sent_ && core_->holds_records()) {
    flush_sent_ = true;
    work_at_flush_sent_ = work_done_;
    self_->send(self_, flush_atom::value);
  }
  const steady_time until = core_->wait_until();
  if (until != steady_time::max() && until != wake_at_) {
    wake_at_ = until;
    self_->delayed_send(self_, std::max(until - now(), steady_time::duration::zero()),
                        wake_atom::value, ++wake_generation_);
  }
}

void task_shell::publish() {
  pulse_.publish(core_->state_sizes());
  core_->note_progress();
  sample_latency(now());
}

void task_shell::on_flush() {
  flush_sent_ = false;
  if (!core_) return;
  guarded([&] {
    if (work_done_ == work_at_flush_sent_) core_->flush();
    schedule();
  });
}

void task_shell::on_wake(std::uint64_t generation) {
  if (!core_ || generation != wake_generation_) return;
  wake_at_ = steady_time::max();
  guarded([&] {
    core_->wake();
    pump();
  });
}

void task_shell::end() {
  drop_core();
  self_->quit();
}

// -- task_ports -------------------------------------------------------------------------------------------------------

void task_shell::send(task_id to, element what) {
  self_->send(peers_[to.value], std::move(what));
}

void task_shell::give_credit(task_id to, credit_return what) {
  self_->send(peers_[to.value], std::move(what));
}

void task_shell::submit(std::unique_ptr<lane_job> job) {
  WEIR_CHECK(wiring_.lane != nullptr, "task", name_, "has no lane: only sources and sinks block");
  self_->send(wiring_.lane, lane_work{std::move(job), attempt_, self_});
}

void task_shell::put_chunk(snapshot_piece piece) {
  self_->send(wiring_.store, std::move(piece));
}

void task_shell::end_snapshot(snapshot_end end) {
  self_->send(wiring_.store, std::move(end));
}

void task_shell::decline(epoch_id epoch, std::string reason) {
  self_->send(wiring_.supervisor,
              snapshot_declined{wiring_.task, epoch, attempt_, std::move(reason)});
}

void task_shell::confirm_commit(epoch_id epoch) {
  self_->send(wiring_.supervisor, commit_confirmed{wiring_.task, epoch});
}

void task_shell::finishing() {
  self_->send(wiring_.supervisor, task_finishing{wiring_.task, attempt_});
}

void task_shell::record_skipped(const std::string& uid, record_identity identity) {
  self_->send(wiring_.supervisor, weir::record_skipped{wiring_.task, attempt_, uid, identity});
}

record_watch::breadcrumb* task_shell::breadcrumb(const std::string& uid) {
  const auto& crumbs = wiring_.breadcrumbs;
  return crumbs ? crumbs->lay(wiring_.task, uid, attempt_) : nullptr;
}

void task_shell::breadcrumbs_over() {
  if (wiring_.breadcrumbs) wiring_.breadcrumbs->stop();
}

steady_time task_shell::now() const {
  return wiring_.world ? wiring_.world->now() : self_->clock().now();
}

std::int64_t task_shell::wall_us() const {
  if (wiring_.world) return wiring_.world->wall_us();
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void task_shell::report(std::string_view text) {
  log_.info(text);
}

task_faults* task_shell::faults() {
  return wiring_.faults ? wiring_.faults->of(wiring_.task) : nullptr;
}

std::shared_ptr<disk_faults> task_shell::journal_faults() {
  if (!wiring_.faults) return nullptr;
  std::shared_ptr<write_faults> mine(wiring_.faults, wiring_.faults->of_journal(wiring_.task));
  return std::make_shared<disk_strike>(std::move(mine),
                                       log_fields{.job = wiring_.job, .task = name_});
}

void task_shell::strike(const fault_spec& fault) {
  log_.warn("injected fault \"" + fault.text + "\" hits");
  weir::strike(fault);
}

}  // namespace weir
