// SPDX-License-Identifier: Apache-2.0
// The sinks that come with weir: file_sink, print_sink, collect_sink, fold_sink, callback_sink, discard_sink. Give one to
// stream::to.
//
// A sink is a value with describe(), guarantee(), recognises_epochs() and make_unit<T>(uid). One that has a template
// emitter<T> fuses with the operators before it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/line_sink.hpp"
#include "weir/core/text.hpp"
#include "weir/core/unit.hpp"
#include "weir/detail/pipe_units.hpp"

namespace weir {

namespace detail {

/// Writes each record as one line of a line_sink.
template <class T>
class line_unit final : public operator_unit, public batch_consumer<T> {
 public:
  explicit line_unit(std::unique_ptr<line_sink> sink) : sink_(std::move(sink)), parts_{sink_.get()} {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  void attach(unit_host& host) override { sink_->attach(host); }
  void open() override { sink_->open(); }
  void on_batch(batch<T>& records) override {
    std::string& text = sink_->buffer();
    for (const auto& record : records) {
      append_text(text, record);
      text.push_back('\n');
    }
    sink_->written();
  }
  void flush() override { sink_->flush(); }
  bool holds_records() const override { return !sink_->buffer().empty(); }
  bool ready() const override { return sink_->ready(); }
  void close() override { sink_->close(); }
  std::span<operator_part* const> parts() override { return parts_; }

 private:
  std::unique_ptr<line_sink> sink_;
  std::array<operator_part*, 1> parts_;
};

/// Folds records into one accumulator a subtask, which is part of every snapshot.
template <class T, class A, class F>
class fold_emitter {
 public:
  template <class Sink>
  fold_emitter(const std::string& uid, const Sink& sink)
      : f_(sink.fold()), part_(std::make_unique<fold_part>(uid, sink.initial(), sink.on_result())) {}

  void connect(batch_consumer_base*) {}
  void set_time(std::int64_t) {}
  class session {
   public:
    explicit session(fold_emitter& of) : of_(of), local_(std::move(of.part_->accumulator)) {}
    ~session() { of_.part_->accumulator = std::move(local_); }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    void emit(const T& record) { of_.f_(local_, record); }

   private:
    fold_emitter& of_;
    A local_;
  };
  session begin() { return session(*this); }
  void flush() {}
  void add_parts(std::vector<operator_part*>& parts) { parts.push_back(part_.get()); }
  void attach(unit_host&) {}
  void on_end() { part_->ended = true; }
  void close() {}

 private:
  struct fold_part final : operator_part {
    fold_part(std::string uid, A initial, std::function<void(const A&)> on_result)
        : operator_part(std::move(uid)), accumulator(std::move(initial)), report(std::move(on_result)) {}

    bool snapshot(epoch_id epoch, operator_image& out) override {
      if (ended && !final_epoch) final_epoch = epoch;
      list_image image{"accumulator", codec<A>::schema(), list_mode::split, {}};
      image.chunks.push_back({chunk_kind::elements, {}, 1, {}});
      byte_writer writer(image.chunks.back().bytes);
      codec<A>::encode(accumulator, writer);
      out.lists.push_back(std::move(image));
      return true;
    }
    result<void> restore(operator_restore written) override {
      std::uint32_t found = 0;
      for (const auto& list : written.image.lists) {
        for (const auto& piece : list.chunks) {
          byte_reader reader(piece.bytes);
          for (std::uint32_t i = 0; i < piece.entries; ++i, ++found) {
            if (!codec<A>::decode(reader, accumulator) || reader.failed()) {
              return error{error_code::corrupt, "fold sink '" + uid() + "': accumulator does not decode"};
            }
          }
        }
      }
      if (found > 1) {
        return error{error_code::incompatible,
                     "fold sink '" + uid() + "' cannot merge the accumulators of several subtasks: keep its parallelism"};
      }
      return {};
    }
    bool commit(epoch_id epoch) override {
      if (final_epoch && epoch >= *final_epoch && !reported) {
        reported = true;
        if (report) report(accumulator);
      }
      return true;
    }

    A accumulator;
    bool ended = false;
    bool reported = false;
    std::optional<epoch_id> final_epoch;
    std::function<void(const A&)> report;
  };

  F f_;
  std::unique_ptr<fold_part> part_;
};

template <class T, class F>
class call_emitter {
 public:
  template <class Sink>
  call_emitter(const std::string&, const Sink& sink) : f_(sink.function()) {}
  void connect(batch_consumer_base*) {}
  void set_time(std::int64_t) {}
  class session {
   public:
    explicit session(F& f) : f_(f) {}
    void emit(const T& record) { f_(record); }

   private:
    F& f_;
  };
  session begin() { return session(f_); }
  void flush() {}
  void add_parts(std::vector<operator_part*>&) {}
  void attach(unit_host&) {}
  void on_end() {}
  void close() {}

 private:
  F f_;
};

template <class Options, auto Make>
class line_sink_spec {
 public:
  line_sink_spec(Options options, std::string what, std::string guarantee, bool recognises)
      : options_(std::move(options)), what_(std::move(what)), guarantee_(std::move(guarantee)),
        recognises_(recognises) {}
  const std::string& describe() const { return what_; }
  const std::string& guarantee() const { return guarantee_; }
  bool recognises_epochs() const { return recognises_; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<line_unit<T>>(Make(uid, options_));
  }

 private:
  Options options_;
  std::string what_;
  std::string guarantee_;
  bool recognises_;
};

struct no_options {};
inline std::unique_ptr<line_sink> make_print(std::string uid, no_options) {
  return make_print_sink(std::move(uid));
}

}  // namespace detail

/// Lines in part files of a directory. Exactly-once: a part file appears, by rename, when its checkpoint is complete.
inline auto file_sink(file_sink_options options) {
  std::string what = "file_sink(" + options.directory + ")";
  return detail::line_sink_spec<file_sink_options, &make_file_sink>(
      std::move(options), std::move(what),
      "exactly-once: part files appear by rename when their checkpoint is complete", false);
}
inline auto file_sink(std::string directory) {
  file_sink_options options;
  options.directory = std::move(directory);
  return file_sink(std::move(options));
}

/// Lines on standard output, at once. At-least-once: after a crash the lines since the last checkpoint appear again.
inline auto print_sink() {
  return detail::line_sink_spec<detail::no_options, &detail::make_print>(
      {}, "print", "at-least-once: lines since the last checkpoint appear again after a crash", false);
}

/// A collection that a collect_sink fills, shared with the program. Thread safe.
template <class T>
class collected {
 public:
  /// A copy of what was committed so far, in no particular order between subtasks.
  std::vector<T> records() const {
    const std::lock_guard hold(mutex_);
    return records_;
  }
  std::size_t size() const {
    const std::lock_guard hold(mutex_);
    return records_.size();
  }
  /// Adds the records of one epoch of one subtask, unless it has them already (a repeated commit).
  void add(std::uint32_t subtask, epoch_id epoch, const std::vector<T>& records) {
    const std::lock_guard hold(mutex_);
    auto& last = committed_[subtask];
    if (epoch <= last) return;
    last = epoch;
    records_.insert(records_.end(), records.begin(), records.end());
  }

 private:
  mutable std::mutex mutex_;
  std::vector<T> records_;
  std::map<std::uint32_t, epoch_id> committed_;
};

namespace detail {
template <class T>
class collect_unit final : public operator_unit, public batch_consumer<T> {
 public:
  collect_unit(const std::string& uid, std::shared_ptr<collected<T>> target) : part_(uid, std::move(target)) {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  void attach(unit_host& host) override { part_.host = &host; }
  void on_batch(batch<T>& records) override {
    for (auto& record : records) part_.open.push_back(std::move(record));
  }
  std::span<operator_part* const> parts() override { return parts_; }

 private:
  struct pending {
    std::uint32_t subtask;
    epoch_id epoch;
    std::vector<T> records;
  };
  struct collect_part final : operator_part {
    collect_part(std::string uid, std::shared_ptr<collected<T>> into)
        : operator_part(std::move(uid)), target(std::move(into)) {}

    bool snapshot(epoch_id epoch, operator_image& out) override {
      if (!open.empty()) unconfirmed.push_back({host->subtask().index, epoch, std::move(open)});
      open.clear();
      for (const auto& intent : unconfirmed) {  // P17: every intent that is not confirmed
        byte_vector bytes;
        byte_writer writer(bytes);
        writer.scalar(intent.subtask);
        writer.scalar(intent.epoch.value);
        codec<std::vector<T>>::encode(intent.records, writer);
        out.intents.push_back(std::move(bytes));
      }
      return true;
    }
    result<void> restore(operator_restore written) override {
      for (const auto& bytes : written.image.intents) {
        byte_reader reader(bytes);
        pending intent{reader.scalar<std::uint32_t>(), {reader.scalar<std::uint64_t>()}, {}};
        if (!codec<std::vector<T>>::decode(reader, intent.records) || reader.failed()) {
          return error{error_code::corrupt, "collect sink '" + uid() + "': an intent does not decode"};
        }
        if (intent.subtask % host->subtask().parallelism != host->subtask().index) continue;
        unconfirmed.push_back(std::move(intent));
      }
      return {};
    }
    bool commit(epoch_id epoch) override {
      while (!unconfirmed.empty() && unconfirmed.front().epoch <= epoch) {
        auto& intent = unconfirmed.front();
        target->add(intent.subtask, intent.epoch, intent.records);
        unconfirmed.pop_front();
      }
      return true;
    }

    std::shared_ptr<collected<T>> target;
    unit_host* host = nullptr;
    std::vector<T> open;
    std::deque<pending> unconfirmed;
  };

  collect_part part_;
  std::array<operator_part*, 1> parts_{&part_};
};
}  // namespace detail

/// Records into a collection of the program. Exactly-once within one process: they appear when their checkpoint is
/// complete.
template <class T>
class collect_sink {
 public:
  explicit collect_sink(std::shared_ptr<collected<T>> target) : target_(std::move(target)) {}
  std::string describe() const { return "collect"; }
  std::string guarantee() const {
    return "exactly-once within one process: records appear when their checkpoint is complete";
  }
  bool recognises_epochs() const { return false; }
  template <class U>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    static_assert(std::is_same_v<U, T>, "collect_sink: the stream has another record type");
    return std::make_unique<detail::collect_unit<T>>(uid, target_);
  }

 private:
  std::shared_ptr<collected<T>> target_;
};

/// Folds all records of a subtask: fold(A&, const T&) changes the accumulator, on_result(const A&) gets it once the input
/// has ended and the last checkpoint is complete. The accumulator is state: exactly-once.
template <class A, class F>
class fold_sink {
 public:
  template <class T>
  using emitter = detail::fold_emitter<T, A, F>;

  fold_sink(A initial, F fold, std::type_identity_t<std::function<void(const A&)>> on_result)
      : initial_(std::move(initial)), fold_(std::move(fold)), on_result_(std::move(on_result)) {}
  const A& initial() const { return initial_; }
  const F& fold() const { return fold_; }
  const std::function<void(const A&)>& on_result() const { return on_result_; }
  std::string describe() const { return "fold"; }
  std::string guarantee() const {
    return "exactly-once: the accumulator is state; on_result may be called again by a restarted process";
  }
  bool recognises_epochs() const { return true; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<detail::pipe_unit<T, detail::identity_stage, emitter<T>>>(
        std::in_place, detail::identity_stage{}, uid, *this);
  }

 private:
  A initial_;
  F fold_;
  std::function<void(const A&)> on_result_;
};

/// Calls f(const T&) for every record, from the subtask's thread at the time. At-least-once.
template <class F>
class callback_sink {
 public:
  template <class T>
  using emitter = detail::call_emitter<T, F>;

  explicit callback_sink(F f) : f_(std::move(f)) {}
  const F& function() const { return f_; }
  std::string describe() const { return "callback"; }
  std::string guarantee() const {
    return "at-least-once: records since the last checkpoint are passed again after a crash";
  }
  bool recognises_epochs() const { return false; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<detail::pipe_unit<T, detail::identity_stage, emitter<T>>>(
        std::in_place, detail::identity_stage{}, uid, *this);
  }

 private:
  F f_;
};

/// Drops every record.
class discard_sink {
 public:
  struct nothing {
    template <class T>
    void operator()(const T&) const {}
  };
  template <class T>
  using emitter = detail::call_emitter<T, nothing>;
  nothing function() const { return {}; }
  std::string describe() const { return "discard"; }
  std::string guarantee() const { return "nothing to guarantee: records are dropped"; }
  bool recognises_epochs() const { return true; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<detail::pipe_unit<T, detail::identity_stage, emitter<T>>>(
        std::in_place, detail::identity_stage{}, uid, *this);
  }
};

}  // namespace weir
