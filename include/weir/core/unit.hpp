// SPDX-License-Identifier: Apache-2.0
// The type-erased face of user logic: an operator_unit is one link of a task's chain (one operator, or several that
// templates fused into one loop), an operator_part the durable side of one named operator in it. One virtual call a
// batch crosses this line.
//
// Owner:      the task that built the unit; every call is made by its actor, except lane_job::run.
// Invariants: life cycle of a unit: construct, set_output, attach, restore (parts), open, {batches, polls, snapshots,
//             commits, lane completions}*, on_end?, close, destroy. After a failure it is destroyed and built anew (P14).
//             User code may throw anything from any of these calls; the task catches it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/collector.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/image.hpp"
#include "weir/core/result.hpp"

namespace weir {

using steady_time = std::chrono::steady_clock::time_point;

struct subtask_info {
  std::string task;  ///< name of the chain
  std::uint32_t index = 0;
  std::uint32_t parallelism = 1;
  attempt_id attempt;

  std::string name() const { return task + "/" + std::to_string(index); }
};

/// A piece of blocking work. Jobs of one task run in the order in which they were submitted.
class lane_job {
 public:
  virtual ~lane_job() = default;
  /// On the lane's thread: may block; must not touch the unit. Must not throw: keeps its error for done().
  virtual void run() noexcept = 0;
  /// In the task, after run(), unless the task was rolled back meanwhile (then the job is only destroyed).
  virtual void done() = 0;
};

class disk_faults;
class record_watch;

/// What a unit may ask of the task that runs it.
class unit_host {
 public:
  virtual ~unit_host() = default;
  virtual const subtask_info& subtask() const = 0;
  /// Runs the job on the task's own extra thread. The caller bounds what it has under way.
  virtual void submit(std::unique_ptr<lane_job> job) = 0;
  /// Something that the task waits for may have changed: readiness, a preparation, a commit, a source's input.
  virtual void wake() = 0;
  virtual steady_time now() const = 0;
  /// Microseconds since 1970.
  virtual std::int64_t wall_us() const = 0;
  /// Where the job keeps its state: an operator's own files go to a directory of their own in it.
  virtual std::string state_directory() const { return {}; }
  /// One line in the log with the task's name.
  virtual void report(std::string_view text) = 0;
  /// What the operator of this name must look out for; nullptr: nothing (P19).
  virtual record_watch* watch(const std::string&) { return nullptr; }
  /// What is to go wrong with the disk of the task's journal; nullptr: nothing.
  virtual std::shared_ptr<disk_faults> journal_faults() { return nullptr; }
};

class table_image;

/// A keyed state of an operator, as snapshots see it.
struct keyed_image {
  std::string name;
  std::string schema;
  table_image* table = nullptr;
};

/// The durable side of one named operator.
class operator_part {
 public:
  explicit operator_part(std::string uid) : uid_(std::move(uid)) {}
  operator_part(const operator_part&) = delete;
  operator_part& operator=(const operator_part&) = delete;
  virtual ~operator_part() = default;

  const std::string& uid() const { return uid_; }
  virtual std::vector<keyed_image> keyed() { return {}; }

  /// At the marker of epoch n, between two batches: everything but the keyed tables. Returns false when preparation
  /// goes on in the background (a sink syncs its files); then collect() gives the rest once it returns true.
  virtual bool snapshot(epoch_id, operator_image&) { return true; }
  virtual bool collect(epoch_id, operator_image&) { return true; }
  /// Before open(), once. Keyed tables were loaded already.
  virtual result<void> restore(operator_restore) { return {}; }

  /// P17: all epochs up to n are complete: their output becomes visible. Idempotent. Returns false when that goes on in
  /// the background; the host is woken when committed_through() has changed.
  virtual bool commit(epoch_id) { return true; }
  virtual bool committed(epoch_id) { return true; }

  /// P18: no checkpoint below this epoch will ever be restored again; comes with commits.
  virtual void retained_from(epoch_id) {}

 private:
  std::string uid_;
};

class operator_unit {
 public:
  operator_unit() = default;
  operator_unit(const operator_unit&) = delete;
  operator_unit& operator=(const operator_unit&) = delete;
  virtual ~operator_unit() = default;

  /// Where batches enter; nullptr for a source.
  virtual batch_consumer_base* input() { return nullptr; }
  /// Port 0 is the main output, the side outputs follow in the order of their declaration. The consumer must take the
  /// port's type (the planner guarantees it).
  virtual void set_output(std::uint32_t port, batch_consumer_base* consumer) = 0;
  virtual void attach(unit_host&) {}
  virtual void open() {}
  /// Hands everything that it still collects to its outputs.
  virtual void flush() {}
  /// flush() would do something.
  virtual bool holds_records() const { return false; }
  /// All input has ended; what the operator still wants to say, it emits now.
  virtual void on_end() {}
  /// Of a sink: records that it has taken since it was built.
  virtual std::uint64_t records_taken() const { return 0; }
  /// False while the unit can take no more input (a sink whose writes lag).
  virtual bool ready() const { return true; }
  virtual void close() {}
  virtual std::span<operator_part* const> parts() { return {}; }
};

/// What a source's poll came to.
struct poll_result {
  enum class kind : std::uint8_t {
    more,   ///< made records, or may at once
    wait,   ///< nothing before `until`, unless woken
    ended,  ///< there will never be more
  };
  kind status = kind::more;
  steady_time until = steady_time::max();
  std::uint64_t records = 0;  ///< that it has read
};

/// How far a source is, in records or bytes, as far as it knows.
struct source_progress {
  std::optional<std::uint64_t> left;  ///< there to be read, and not read
  std::optional<std::uint64_t> all;  ///< of a source that ends: what was left at its very beginning
};

class source_unit : public operator_unit {
 public:
  /// Emits about one batch. Never blocks.
  virtual poll_result poll() = 0;
  /// Called now and then, not per batch.
  virtual source_progress progress() const { return {}; }
};

}  // namespace weir
