// SPDX-License-Identifier: Apache-2.0
// task_meter is what one task has counted in one attempt, for other threads to read: records, bytes and batches of each
// channel, the time it was busy, idle and back-pressured, what it waits for, and samples of latency. Counts cost the task
// some relaxed stores a batch; times cost a clock reading when it begins or ceases to work, none in between.
//
// Owner:      made and written by the task_core of the attempt; read by anybody. What changes a few times a checkpoint
//             (task_notes) lies under a lock.
// Invariants: (1) counts never go back; (2) busy, idle and back-pressured time add up to the time since the meter was made,
//             because each turn ends one and begins another; (3) a reader waits at most for one turn that is under way.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "weir/core/ids.hpp"
#include "weir/core/unit.hpp"

namespace weir {

/// Why a task does no work at this moment.
enum class task_wait : std::uint8_t {
  none,    ///< it works, or is about to
  input,   ///< no record has come
  source,  ///< its source has nothing to read
  marker,  ///< it aligns: inputs that have delivered their marker wait for the others
  credit,  ///< a receiver has not taken what it was sent
  lane,    ///< its sink's writes lag behind, and it takes nothing before they are done
};

enum class task_activity : std::uint8_t { busy, idle, back_pressured };

constexpr task_activity activity_of(task_wait why) {
  if (why == task_wait::none) return task_activity::busy;
  const bool behind = why == task_wait::credit || why == task_wait::lane;
  return behind ? task_activity::back_pressured : task_activity::idle;
}

/// A number with one writer and any readers.
template <class T>
class shown {
 public:
  void add(T more) { set(value_.load(std::memory_order_relaxed) + more); }
  void set(T to) { value_.store(to, std::memory_order_relaxed); }
  T get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_{};
};

/// One channel, as its sender sees it.
struct channel_meter {
  shown<std::uint64_t> records;
  shown<std::uint64_t> bytes;
  shown<std::uint64_t> batches;
  shown<std::uint32_t> in_flight;  ///< batches whose credit has not come back
  shown<bool> waits;               ///< something is to be sent, and there is no credit
};
/// The channels of one exchange of one task.
using channel_meters = std::vector<channel_meter>;

/// The newest samples; older ones give way when nobody has read them.
class latency_samples {
 public:
  static constexpr std::size_t kept = 256;

  void add(std::chrono::microseconds latency) {
    const auto at = count_.load(std::memory_order_relaxed);
    ring_[at % kept].set(latency.count());
    sum_us_.add(latency.count());
    count_.store(at + 1, std::memory_order_release);
  }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }
  std::chrono::microseconds sum() const { return std::chrono::microseconds(sum_us_.get()); }
  /// Hands the samples from number `seen` on, as far as they are kept, to `take`; returns count().
  template <class F>
  std::uint64_t read_from(std::uint64_t seen, F&& take) const {
    const auto end = count();
    for (auto at = end > seen + kept ? end - kept : seen; at < end; ++at) {
      take(std::chrono::microseconds(ring_[at % kept].get()));
    }
    return end;
  }

 private:
  std::array<shown<std::int64_t>, kept> ring_;
  shown<std::int64_t> sum_us_;
  std::atomic<std::uint64_t> count_{0};
};

/// Where a task is on its way through a snapshot; in this order.
enum class snapshot_stage : std::uint8_t {
  none,      ///< none since the attempt began
  aligning,  ///< some channels have delivered the marker
  draining,  ///< the state is frozen and being encoded
  sent,      ///< all of it is with the store
};

/// What changes a few times a checkpoint, or a few times a second.
struct task_notes {
  epoch_id epoch;  ///< of the newest snapshot
  snapshot_stage stage = snapshot_stage::none;
  steady_time stage_since{};
  std::uint64_t chunks_sent = 0;  ///< of this snapshot, to the store
  std::uint64_t bytes_sent = 0;
  std::vector<std::uint32_t>
      missing_markers;  ///< while aligning: input channels that owe their marker
  std::chrono::nanoseconds last_alignment{};
  source_progress progress;
};

/// The task's times at one moment.
struct task_times {
  std::chrono::nanoseconds busy{};
  std::chrono::nanoseconds idle{};
  std::chrono::nanoseconds back_pressured{};
  task_wait waits_for = task_wait::none;
  steady_time since{};  ///< of waits_for
};

class task_meter {
 public:
  /// `outputs`: by exchange, in the order of the chain's.
  task_meter(attempt_id attempt, steady_time now,
             std::vector<std::shared_ptr<const channel_meters>> outputs)
      : attempt_(attempt), began_(now), outputs_(std::move(outputs)) {
    since_.set(now.time_since_epoch().count());
    wait_.set(task_wait::input);
  }

  // -- the task --
  shown<std::uint64_t> records_read;     ///< by the chain's source
  shown<std::uint64_t> records_written;  ///< taken by the chain's sink
  shown<std::uint64_t> records_in;       ///< that came over channels
  shown<std::uint64_t> bytes_in;
  shown<std::uint64_t> batches_in;
  shown<std::uint32_t> queued_batches;  ///< arrived, not processed
  latency_samples latency;

  task_wait waits_for() const { return wait_.get(); }
  /// From now on the task waits for this.
  void turn(task_wait to, steady_time now) {
    const auto at = now.time_since_epoch().count();
    const auto version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    spent_[index(wait_.get())].add(at - since_.get());
    since_.set(at);
    wait_.set(to);
    version_.store(version + 2, std::memory_order_release);
  }
  template <class F>
  void note(F&& change) {
    const std::lock_guard hold(mutex_);
    change(notes_);
  }

  // -- anybody --
  attempt_id attempt() const { return attempt_; }
  steady_time began() const { return began_; }
  const std::vector<std::shared_ptr<const channel_meters>>& outputs() const { return outputs_; }
  std::uint64_t records_out() const {
    std::uint64_t sum = 0;
    for (const auto& exchange : outputs_) {
      for (const auto& channel : *exchange) sum += channel.records.get();
    }
    return sum;
  }
  task_notes notes() const {
    const std::lock_guard hold(mutex_);
    return notes_;
  }
  task_times times(steady_time now) const {
    for (;; std::this_thread::yield()) {
      const auto version = version_.load(std::memory_order_acquire);
      std::array<std::int64_t, 3> spent{spent_[0].get(), spent_[1].get(), spent_[2].get()};
      const auto since = since_.get();
      const auto wait = wait_.get();
      std::atomic_thread_fence(std::memory_order_acquire);
      if (version % 2 != 0 || version_.load(std::memory_order_relaxed) != version) continue;
      const auto at = now.time_since_epoch().count();
      if (at > since) spent[index(wait)] += at - since;
      return {steady_time::duration(spent[0]), steady_time::duration(spent[1]),
              steady_time::duration(spent[2]), wait, steady_time(steady_time::duration(since))};
    }
  }

 private:
  static std::size_t index(task_wait why) { return static_cast<std::size_t>(activity_of(why)); }

  // set once
  attempt_id attempt_;
  steady_time began_;
  std::vector<std::shared_ptr<const channel_meters>> outputs_;
  // shared: a turn is between two versions, the first of them odd
  std::atomic<std::uint64_t> version_{0};
  std::array<shown<steady_time::rep>, 3> spent_;  // by activity
  shown<steady_time::rep> since_;
  shown<task_wait> wait_;
  // shared: guarded by mutex_
  mutable std::mutex mutex_;
  task_notes notes_;
};

/// A task's newest attempt, and what all attempts before it have counted.
struct task_attempts {
  std::shared_ptr<const task_meter> newest;  ///< nullptr: there was none
  std::uint64_t records_read_before = 0;
  std::uint64_t records_written_before = 0;
};

/// The meters of all tasks of a job, by task id.
class task_meters {
 public:
  explicit task_meters(std::size_t tasks) : tasks_(tasks) {}

  /// A new attempt begins.
  void show(task_id task, std::shared_ptr<const task_meter> meter) {
    const std::lock_guard hold(mutex_);
    auto& of = tasks_[task.value];
    if (of.newest) {
      of.records_read_before += of.newest->records_read.get();
      of.records_written_before += of.newest->records_written.get();
    }
    of.newest = std::move(meter);
  }
  task_attempts of(task_id task) const {
    const std::lock_guard hold(mutex_);
    return tasks_[task.value];
  }

 private:
  mutable std::mutex mutex_;
  std::vector<task_attempts> tasks_;
};

}  // namespace weir
