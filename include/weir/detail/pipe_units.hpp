// SPDX-License-Identifier: Apache-2.0
// pipe_unit and source_pipe_unit are the loops of a chain: a head (batches, or a source's reader), a run of stages, and an
// emitter (where results go). Everything in between is inlined.
//
// Owner:      the task that built it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/unit.hpp"
#include "weir/detail/key_output.hpp"
#include "weir/detail/record_guard.hpp"
#include "weir/detail/stages.hpp"

namespace weir::detail {

// An emitter is where a loop's results go; that of a sink says how many records_taken(). with_session(loop) calls loop(session) once; a session lives for one batch and
// keeps in local variables what the loop would otherwise load again for every record, because a stored record might alias
// it.

/// Results leave as batches, to whoever is connected.
template <class Out>
class batch_emitter {
 public:
  void connect(batch_consumer_base* consumer) {
    collector_.set_consumer(static_cast<batch_consumer<Out>*>(consumer));
  }
  void set_time(std::int64_t time_us) { collector_.set_time(time_us); }
  template <class Loop>
  void with_session(Loop&& loop) {
    typename batch_collector<Out>::cursor session(collector_);
    loop(session);
  }
  collector<Out>& target() { return collector_; }
  void flush() { collector_.flush(); }
  void add_parts(std::vector<operator_part*>&) {}
  void attach(unit_host&) {}
  void on_end() {}
  void close() {}

 private:
  batch_collector<Out> collector_;
};

/// Results go straight into the open batches of a key exchange.
template <class Out, class Key, class KeyFn>
class key_emitter {
 public:
  using output = key_output<Out, Key, KeyFn>;

  void connect(batch_consumer_base* consumer) { output_ = static_cast<output*>(consumer); }
  void set_time(std::int64_t time_us) { output_->set_time(time_us); }
  template <class Loop>
  void with_session(Loop&& loop) {
    output_->with_session(loop);
  }
  void flush() {}  // the exchange decides when its batches leave
  void add_parts(std::vector<operator_part*>&) {}
  void attach(unit_host&) {}
  void on_end() {}
  void close() {}

 private:
  output* output_ = nullptr;
};

/// Runs one batch's loop over the pipe and the emitter's session. Small functions without owned memory are copied into
/// local variables for its length, so that what they captured stays in registers.
template <class Pipe, class Emitter, class Loop>
void run(Pipe& pipe, Emitter& emitter, Loop&& loop) {
  if constexpr (Pipe::wants_collector) {
    loop(pipe, emitter.target());
  } else if constexpr (std::is_trivially_copyable_v<Pipe> && sizeof(Pipe) <= 64) {
    Pipe local = pipe;
    emitter.with_session([&](auto& session) { loop(local, session); });
    pipe.~Pipe();
    new (&pipe)
        Pipe(local);  // a function may have changed what it captured; lambdas cannot be assigned
  } else {
    emitter.with_session([&](auto& session) { loop(pipe, session); });
  }
}

template <class Emitter>
std::uint64_t taken_by(const Emitter& emitter) {
  if constexpr (requires { emitter.records_taken(); }) {
    return emitter.records_taken();
  } else {
    return 0;
  }
}

template <class In, class Pipe, class Emitter>
class pipe_unit final : public operator_unit, public batch_consumer<In> {
 public:
  pipe_unit(Pipe pipe, Emitter emitter) : pipe_(std::move(pipe)), emitter_(std::move(emitter)) {
    emitter_.add_parts(parts_);
  }
  template <class... Args>
  pipe_unit(std::in_place_t, Pipe pipe, Args&&... args)
      : pipe_(std::move(pipe)), emitter_(std::forward<Args>(args)...) {
    emitter_.add_parts(parts_);
  }
  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base* consumer) override {
    emitter_.connect(consumer);
  }
  void attach(unit_host& host) override { emitter_.attach(host); }
  void flush() override { emitter_.flush(); }
  void on_end() override {
    emitter_.on_end();
    emitter_.flush();
  }
  void close() override { emitter_.close(); }
  std::uint64_t records_taken() const override { return taken_by(emitter_); }
  std::span<operator_part* const> parts() override { return parts_; }

  void on_batch(batch<In>& records) override {
    emitter_.set_time(records.time_us);
    run(pipe_, emitter_, [&](auto& pipe, auto& target) {
      for (auto& record : records) pipe.apply(std::move(record), target);
    });
    emitter_.flush();
  }

 private:
  Pipe pipe_;
  Emitter emitter_;
  std::vector<operator_part*> parts_;
};

/// One map, filter or flat_map with a poison policy: a loop of its own, of which it is known what it processes.
template <class In, class Stage, class Out>
class guarded_pipe_unit final : public operator_unit, public batch_consumer<In> {
 public:
  guarded_pipe_unit(std::string uid, Stage stage, poison_rule rule)
      : stage_(std::move(stage)), guard_(std::move(uid), rule) {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t port, batch_consumer_base* consumer) override {
    consumer = guard_.connect(port, consumer);
    if (consumer != nullptr) out_.set_consumer(static_cast<batch_consumer<Out>*>(consumer));
  }
  void attach(unit_host& host) override { guard_.attach(host); }
  void flush() override {
    out_.flush();
    guard_.flush();
  }
  void on_end() override { flush(); }

  void on_batch(batch<In>& records) override {
    out_.set_time(records.time_us);
    guard_.set_time(records.time_us);
    collector<Out>& target = out_;
    auto* const first = records.data();
    guard_.run(
        first, records.size(), [](std::uint32_t) { return no_key{}; },
        [&](std::uint32_t i) { stage_.apply(std::move(first[i]), target); });
    flush();
  }

 private:
  Stage stage_;
  batch_collector<Out> out_;
  record_guard<In, Out, taken::by_move> guard_;
};

/// Reader: an operator_part with attach(unit_host&), open(), close(), and a template poll(Emit&) that emits records (or
/// views of them, of type Reader::view_type) into emit(...), and says how many it read.
template <class Reader, class Pipe, class Emitter>
class source_pipe_unit final : public source_unit {
 public:
  template <class... Args>
  source_pipe_unit(std::unique_ptr<Reader> reader, Pipe pipe, Args&&... args)
      : reader_(std::move(reader)), pipe_(std::move(pipe)), emitter_(std::forward<Args>(args)...) {
    parts_.push_back(reader_.get());
    emitter_.add_parts(parts_);
  }
  void set_output(std::uint32_t, batch_consumer_base* consumer) override {
    emitter_.connect(consumer);
  }
  void attach(unit_host& host) override {
    host_ = &host;
    reader_->attach(host);
    emitter_.attach(host);
  }
  void open() override { reader_->open(); }
  void flush() override { emitter_.flush(); }
  void on_end() override {
    emitter_.on_end();
    emitter_.flush();
  }
  void close() override {
    reader_->close();
    emitter_.close();
  }
  std::uint64_t records_taken() const override { return taken_by(emitter_); }
  std::span<operator_part* const> parts() override { return parts_; }

  poll_result poll() override {
    emitter_.set_time(host_->wall_us());
    poll_result polled;
    run(pipe_, emitter_, [&](auto& pipe, auto& target) {
      head_stage<std::remove_reference_t<decltype(target)>> head{pipe, target};
      polled = reader_->poll(head);
    });
    emitter_.flush();
    return polled;
  }
  source_progress progress() const override {
    if constexpr (requires { reader_->progress(); }) {
      return reader_->progress();
    } else {
      return {};
    }
  }

 private:
  using record_type = typename Reader::record_type;
  using view_type = typename Reader::view_type;

  /// Views go on as views when the first stage takes them, and become records otherwise.
  template <class Target>
  struct head_stage {
    Pipe& pipe;
    Target& target;
    void emit(record_type&& record) { pipe.apply(std::move(record), target); }
    void emit(view_type view) requires(!std::is_same_v<view_type, record_type>) {
      if constexpr (Pipe::template takes<view_type>) {
        pipe.apply(view, target);
      } else {
        pipe.apply(record_type(view), target);
      }
    }
  };

  std::unique_ptr<Reader> reader_;
  Pipe pipe_;
  Emitter emitter_;
  unit_host* host_ = nullptr;
  std::vector<operator_part*> parts_;
};

}  // namespace weir::detail
