// SPDX-License-Identifier: Apache-2.0
// The base classes of user-written operators: keyed_process (after key_by, with keyed state) and process_function
// (without keys), and side_output for results beside the main stream.
//
// Owner:      the task that runs the operator. It is constructed anew after every failure, so that only state handles
//             (state.hpp) carry anything over (P14).
// Invariants: order of calls: constructor, restore of the state, open, process*, on_end (bounded input only), close.
// Errors:     whatever an operator throws ends its task; the supervisor restarts it from the last complete checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "weir/core/collector.hpp"
#include "weir/core/state_owner.hpp"
#include "weir/core/unit.hpp"
#include "weir/detail/tee.hpp"
#include "weir/state.hpp"

namespace weir {

/// Records beside the main output, under a name: declare it as a member, emit to it, and take it from the result with
/// `.side<T>("name")`.
template <class T>
class side_output {
 public:
  side_output(state_owner& owner, std::string name) {
    owner.add_side({std::move(name), &type_mark<T>,
                    [this](batch_consumer_base* consumer) {
                      collector_.set_consumer(static_cast<batch_consumer<T>*>(consumer));
                    },
                    [this] { collector_.flush(); },
                    [this](std::int64_t time_us) { collector_.set_time(time_us); },
                    detail::make_tee<T>()});
  }
  side_output(const side_output&) = delete;
  side_output& operator=(const side_output&) = delete;

  /// Sends a record to this output, with the time of the record that is processed.
  void emit(T record) { collector_.emit(std::move(record)); }

 private:
  batch_collector<T> collector_;
};

/// What an operator may ask about the record that it processes.
class record_context {
 public:
  /// Milliseconds since 1970 at which the source made the record. One stamp a batch: of several records that a source
  /// made within a batch, it is the time of the first.
  std::int64_t time_ms() const { return time_us_ / 1000; }
  /// Which of the operator's parallel instances this is.
  const subtask_info& subtask() const { return *subtask_; }
  /// The same as side.emit(record).
  template <class T>
  void emit(side_output<T>& side, T record) {
    side.emit(std::move(record));
  }

  // -- for the runtime --
  void set_time(std::int64_t time_us) { time_us_ = time_us; }
  void set_subtask(const subtask_info* subtask) { subtask_ = subtask; }

 private:
  std::int64_t time_us_ = 0;
  const subtask_info* subtask_ = nullptr;
};

template <class K>
class keyed_context : public record_context {
 public:
  explicit keyed_context(const keyed_state_owner<K>& owner) : owner_(owner) {}
  /// Valid during process().
  const K& key() const { return owner_.key(); }

 private:
  const keyed_state_owner<K>& owner_;
};

/// An operator on a keyed stream. K: the key's type; In, Out: the records' types.
template <class K, class In, class Out>
class keyed_process : public keyed_state_owner<K> {
 public:
  using in_type = In;
  using out_type = Out;
  using context = keyed_context<K>;

  /// Before the first record, after state was restored; no key is current.
  virtual void open(const subtask_info&) {}
  /// Emits any number of results for one record, whose key is current. It must return: until it does, the task takes part
  /// in no checkpoint.
  virtual void process(const In& record, context& where, collector<Out>& out) = 0;
  /// The input has ended: no key is current.
  virtual void on_end(collector<Out>&) {}
  /// The last call to this object, also when the job is cancelled, fails or goes back; not when the process or the
  /// task's actor dies. What it throws is logged.
  virtual void close() {}
};

/// An operator without keys; its state belongs to the subtask.
template <class In, class Out>
class process_function : public state_owner {
 public:
  using in_type = In;
  using out_type = Out;
  using context = record_context;

  /// Before the first record, after state was restored.
  virtual void open(const subtask_info&) {}
  /// Emits any number of results for one record. It must return: until it does, the task takes part in no checkpoint.
  virtual void process(const In& record, context& where, collector<Out>& out) = 0;
  /// The input has ended; what is emitted here is the last.
  virtual void on_end(collector<Out>&) {}
  /// The last call to this object, also when the job is cancelled, fails or goes back; not when the process or the
  /// task's actor dies. What it throws is logged.
  virtual void close() {}
};

}  // namespace weir
