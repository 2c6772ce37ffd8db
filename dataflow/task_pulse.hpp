// SPDX-License-Identifier: Apache-2.0
// task_pulse is where a task shows, for other threads to see, that it holds a thread, that it moves on, and how large its
// states are. One relaxed store when it takes a thread, one a batch, one when it gives the thread back: it reads no clock.
//
//   outside --enter--> inside --beat--> inside --leave--> outside
//
// Owner:      written by the task's actor, read by the watchdog. task_pulses: the runtime of one job.
// Invariants: (1) word() names a thread only while the task holds it; (2) two looks that see the same word with a thread
//             saw the same stay, and no batch was finished in between (but for 2^32 stays).
// Source:     PROTOCOL rule P20.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// What one keyed state of one task holds.
struct state_size {
  std::string operator_name;
  std::string state;
  std::uint64_t bytes = 0;  ///< slots and bookkeeping; not what keys and values own elsewhere
  std::uint64_t entries = 0;
};

/// One reading of a pulse.
struct pulse_word {
  std::uint64_t bits = 0;

  /// The kernel's number of the thread that the task holds; 0: none.
  pid_t thread() const { return static_cast<pid_t>(bits >> 32); }
  bool operator==(const pulse_word&) const = default;
};

class alignas(64) task_pulse {
 public:
  // -- the task --
  bool inside() const { return pulse_word{word_.load(std::memory_order_relaxed)}.thread() != 0; }
  void enter() { show(this_thread()); }
  /// The task goes on, in the thread that it holds.
  void beat() {
    if (inside()) show(this_thread());
  }
  void leave() { show(0); }
  /// Now and then; not per batch.
  void publish(std::vector<state_size> sizes) {
    const std::lock_guard hold(mutex_);
    sizes_ = std::move(sizes);
  }

  // -- the watchdog --
  pulse_word word() const { return {word_.load(std::memory_order_relaxed)}; }
  std::vector<state_size> sizes() const {
    const std::lock_guard hold(mutex_);
    return sizes_;
  }

 private:
  static std::uint64_t this_thread() {
    thread_local const auto number = static_cast<std::uint64_t>(gettid());
    return number;
  }
  void show(std::uint64_t thread) {
    word_.store(thread << 32 | ++stays_, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> word_{0};
  std::uint32_t stays_ = 0;  // the task's alone
  mutable std::mutex mutex_;
  std::vector<state_size> sizes_;
};

/// The task is inside as long as this lives; in a stay that has begun before, it changes nothing.
class task_stay {
 public:
  explicit task_stay(task_pulse& pulse) : pulse_(pulse.inside() ? nullptr : &pulse) {
    if (pulse_ != nullptr) pulse_->enter();
  }
  ~task_stay() {
    if (pulse_ != nullptr) pulse_->leave();
  }
  task_stay(const task_stay&) = delete;
  task_stay& operator=(const task_stay&) = delete;

 private:
  task_pulse* pulse_;
};

/// The pulses of all tasks of a job, by task id.
using task_pulses = std::vector<task_pulse>;

}  // namespace weir
