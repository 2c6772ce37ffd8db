// SPDX-License-Identifier: Apache-2.0
// operator_harness runs one operator alone: feed it records, look at what it emits, take a snapshot of its state, build
// it anew from that. check_operator does all of it at once: it feeds the same records one by one and in full batches, with
// a snapshot and a restore at each pause, and compares what comes out with a run that was never disturbed.
//
//   weir::testing::operator_harness<count_words> words([](const word& one) { return one.text; });
//   words.feed({{"weir"}, {"weir"}});
//   words.restore(words.snapshot());
//   words.feed({{"weir"}});
//   CHECK(words.take_output().back().count == 3);
//
//   CHECK(weir::testing::check_operator<count_words>(input, by_text) == "");
//
// Records, keys, state and results always go through their codecs, as between processes.
//
// Owner:      a test case.
// Invariants: the operator is run by the same unit as in a job; a restore constructs it anew (P14).
// Errors:     what does not survive its codec throws task_error; what the operator throws comes out of feed().
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/task_error.hpp"
#include "weir/detail/process_units.hpp"
#include "weir/operators.hpp"

namespace weir::testing {

/// An operator's state as bytes: for each keyed state a full image and the deltas on it, and the lists.
struct harness_snapshot {
  struct keyed_state {
    std::vector<chunk> chunks;
    std::uint32_t deltas = 0;
  };
  epoch_id epoch;
  std::map<std::string, keyed_state> keyed;
  std::vector<list_image> lists;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [name, state] : keyed) {
      for (const auto& piece : state.chunks) sum += piece.bytes.size();
    }
    for (const auto& list : lists) {
      for (const auto& piece : list.chunks) sum += piece.bytes.size();
    }
    return sum;
  }
};

namespace detail {

template <class T>
byte_vector encoded(const T& value) {
  byte_vector bytes;
  byte_writer writer(bytes);
  codec<T>::encode(value, writer);
  return bytes;
}

/// What another process would get.
template <class T>
T through_codec(const T& value, const char* what) {
  const byte_vector bytes = encoded(value);
  byte_reader reader(bytes);
  T copy{};
  if (!codec<T>::decode(reader, copy) || reader.failed()) {
    throw task_error(
        {error_code::corrupt, std::string(what) + " does not decode from what its codec wrote"});
  }
  if (encoded(copy) != bytes) {
    throw task_error({error_code::corrupt,
                      std::string(what) + " is another one after it went through its codec"});
  }
  return copy;
}

/// Takes what a port emits.
template <class T>
class port_log final : public batch_consumer<T> {
 public:
  void on_batch(batch<T>& records) override {
    for (const auto& record : records) taken.push_back(through_codec<T>(record, "a result"));
  }
  std::vector<T> taken;
};

/// The task around an operator: its clock is the test's, and its lane is the thread that submits.
class harness_host final : public unit_host {
 public:
  const subtask_info& subtask() const override { return subtask_; }
  void submit(std::unique_ptr<lane_job> job) override {
    job->run();
    job->done();
  }
  void wake() override {}
  steady_time now() const override { return steady_time(time); }
  std::int64_t wall_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }
  void report(std::string_view) override {}

  std::chrono::nanoseconds time{};

 private:
  subtask_info subtask_{"harness", 0, 1, attempt_id{1}};
};

template <class Op>
concept keyed_operator = requires {
  typename Op::key_type;
};

}  // namespace detail

template <class Op>
class operator_harness {
 public:
  using in_type = typename Op::in_type;
  using out_type = typename Op::out_type;
  using make_function = std::function<std::unique_ptr<Op>()>;

  /// An operator without keys.
  explicit operator_harness(make_function make = default_make()) requires(
      !detail::keyed_operator<Op>)
      : make_unit_([this, make] { return process_unit(make); }) {
    build({});
  }
  /// An operator after key_by(key_of).
  template <class KeyFn>
  requires detail::keyed_operator<Op> && std::is_invocable_v<const KeyFn&, const in_type&>
  explicit operator_harness(KeyFn key_of, make_function make = default_make())
      : make_unit_([this, key_of, make] { return keyed_unit(key_of, make); }) {
    build({});
  }
  ~operator_harness() { close(); }
  operator_harness(const operator_harness&) = delete;
  operator_harness& operator=(const operator_harness&) = delete;

  /// Processes the records in batches of this many; 0: as many as a batch holds.
  void feed(const std::vector<in_type>& records, std::uint32_t batch_size = 0) {
    const auto size = batch_size == 0 ? batch<in_type>::capacity()
                                      : std::min(batch_size, batch<in_type>::capacity());
    for (std::size_t at = 0; at < records.size(); at += size)
      feed_batch(std::span(records).subspan(at, std::min<std::size_t>(size, records.size() - at)));
  }
  /// Later records were made that much later.
  void advance_time(std::chrono::nanoseconds by) { host_.time += by; }
  /// The input has ended.
  void end() { unit_->on_end(); }

  /// What was emitted since the last call.
  std::vector<out_type> take_output() { return std::exchange(main_.taken, {}); }
  template <class T>
  std::vector<T> take_side(const std::string& name) {
    return std::exchange(side_log<T>(name).taken, {});
  }
  /// Side outputs are kept from the first time that they are named on.
  template <class T>
  void watch_side(const std::string& name) {
    side_log<T>(name);
  }

  harness_snapshot snapshot() {
    begin_snapshot();
    return finish_snapshot();
  }
  /// In two steps, to feed records in between: they do not belong to the snapshot.
  void begin_snapshot() {
    epoch_ = epoch_.next();
    open_ = {};
    open_.epoch = epoch_;
    for (auto* part : unit_->parts()) {
      for (const auto& state : part->keyed()) state.table->freeze(epoch_);
      operator_image image;
      part->snapshot(epoch_, image);
      open_.lists = std::move(image.lists);
    }
  }
  harness_snapshot finish_snapshot() {
    for (auto* part : unit_->parts()) {
      for (const auto& state : part->keyed()) drain(state);
    }
    last_ = open_;
    return open_;
  }
  /// Constructs the operator anew and gives it that state.
  void restore(const harness_snapshot& from) {
    close();
    build(from);
  }

 private:
  struct side {
    std::shared_ptr<batch_consumer_base> log;
    const void* type = nullptr;
  };
  /// Slots a slice: small, so that a drain takes several.
  static constexpr std::size_t slots_per_slice = 7;

  static make_function default_make() {
    return [] { return std::make_unique<Op>(); };
  }
  std::unique_ptr<Op> made(const make_function& make) {
    auto op = make();
    op_ = op.get();
    return op;
  }
  std::unique_ptr<operator_unit> process_unit(const make_function& make) {
    return std::make_unique<weir::detail::process_unit<Op>>("harness", [&] { return made(make); });
  }
  template <class KeyFn>
  std::unique_ptr<operator_unit> keyed_unit(const KeyFn& key_of, const make_function& make) {
    return std::make_unique<weir::detail::keyed_unit<Op, typename Op::key_type, KeyFn>>(
        "harness", [&] { return made(make); }, key_of);
  }

  void build(const harness_snapshot& from) {
    unit_ = make_unit_();
    for (const auto& text : op_->declaration_errors())
      throw task_error({error_code::invalid_argument, text});
    unit_->set_output(0, &main_);
    for (const auto& [name, log] : sides_) connect(name, log);
    unit_->attach(host_);
    for (auto* part : unit_->parts()) load(*part, from);
    epoch_ = std::max(epoch_, from.epoch);
    last_ = from;
    unit_->open();
  }
  void load(operator_part& part, const harness_snapshot& from) {
    for (const auto& state : part.keyed()) {
      const auto found = from.keyed.find(state.name);
      if (found == from.keyed.end()) continue;
      for (const auto& piece : found->second.chunks) check(state.table->load(piece, {}));
      state.table->restored(from.epoch, found->second.deltas);
    }
    check(part.restore({from.epoch == epoch_id{}, from.epoch, {from.lists, {}, {}}}));
  }
  void drain(const keyed_image& state) {
    std::vector<chunk> chunks;
    while (!state.table->drain(slots_per_slice, chunks)) {
    }
    const image_info image = state.table->image();
    auto& kept = open_.keyed[state.name];
    if (!image.full) kept = last_.keyed[state.name];
    kept.deltas = image.full ? 0 : kept.deltas + 1;
    kept.chunks.insert(kept.chunks.end(), chunks.begin(), chunks.end());
    state.table->complete(open_.epoch);
  }
  void feed_batch(std::span<const in_type> records) {
    batch<in_type> made;
    made.time_us = host_.wall_us();
    for (const auto& record : records)
      made.emplace(detail::through_codec<in_type>(record, "a record"));
    unit_->input()->accept(made);
    unit_->flush();
  }
  template <class T>
  detail::port_log<T>& side_log(const std::string& name) {
    auto& place = sides_[name];
    if (!place.log) {
      place = {std::make_shared<detail::port_log<T>>(), &type_mark<T>};
      connect(name, place);
    }
    return static_cast<detail::port_log<T>&>(*place.log);
  }
  void connect(const std::string& name, const side& log) {
    const auto& ports = op_->side_ports();
    for (std::uint32_t i = 0; i < ports.size(); ++i) {
      if (ports[i].name == name && ports[i].type == log.type)
        return unit_->set_output(i + 1, log.log.get());
    }
    throw task_error({error_code::invalid_argument,
                      "the operator has no side output '" + name + "' of this type"});
  }
  void close() {
    if (unit_) unit_->close();
    unit_.reset();
  }
  static void check(const result<void>& outcome) {
    if (!outcome) throw task_error(outcome.error());
  }

  detail::harness_host host_;
  std::function<std::unique_ptr<operator_unit>()> make_unit_;
  Op* op_ = nullptr;  // the unit's
  detail::port_log<out_type> main_;
  std::map<std::string, side> sides_;
  std::unique_ptr<operator_unit> unit_;
  epoch_id epoch_;
  harness_snapshot open_;
  harness_snapshot last_;  // what a delta is relative to
};

namespace detail {

/// How a run of check_operator goes.
struct harness_run {
  const char* name;
  std::uint32_t batch_size;  // 0: full
  bool restores;             // from a snapshot taken at each pause
  bool overlaps;  // the snapshot is drained only after the next batch, which is then fed again
};

template <class Op, class Make>
std::vector<byte_vector> outputs_of(const std::vector<typename Op::in_type>& input,
                                    const harness_run& how, const Make& make) {
  const auto harness = make();
  std::vector<byte_vector> all;
  const auto keep = [&] {
    for (const auto& record : harness->take_output()) all.push_back(encoded(record));
  };
  const std::size_t size =
      how.batch_size == 0 ? batch<typename Op::in_type>::capacity() : how.batch_size;
  for (std::size_t at = 0; at < input.size(); at += size) {
    const std::vector<typename Op::in_type> part(
        input.begin() + static_cast<std::ptrdiff_t>(at),
        input.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, input.size())));
    if (how.overlaps) {
      harness->begin_snapshot();
      harness->feed(part, how.batch_size);
      harness->take_output();  // what was emitted behind the cut comes again
      harness->restore(harness->finish_snapshot());
    } else if (how.restores) {
      harness->restore(harness->snapshot());
    }
    harness->feed(part, how.batch_size);
    keep();
  }
  harness->end();
  keep();
  return all;
}

template <class Op, class Make>
std::string check(const std::vector<typename Op::in_type>& input, const Make& make) {
  const auto expected = outputs_of<Op>(input, {"undisturbed", 0, false, false}, make);
  for (const harness_run how :
       {harness_run{"one-record batches", 1, false, false},
        harness_run{"one-record batches, restored before each", 1, true, false},
        harness_run{"full batches, restored before each", 0, true, false},
        harness_run{"batches of 16, restored before each", 16, true, false},
        harness_run{"batches of 16, each replayed behind a snapshot", 16, true, true}}) {
    const auto actual = outputs_of<Op>(input, how, make);
    if (actual == expected) continue;
    const auto differs =
        std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end()).first -
        expected.begin();
    return std::string(how.name) + ": result " + std::to_string(differs) +
           " differs from the undisturbed run (" + std::to_string(actual.size()) +
           " results, expected " + std::to_string(expected.size()) + ")";
  }
  return {};
}

}  // namespace detail

/// Empty when the operator emits the same whatever the batches, and wherever it is restored from its state; otherwise what
/// differs. The operator must be deterministic.
template <class Op>
requires(!detail::keyed_operator<Op>) std::string
    check_operator(const std::vector<typename Op::in_type>& input) {
  return detail::check<Op>(input, [] { return std::make_unique<operator_harness<Op>>(); });
}
template <class Op, class KeyFn>
requires detail::keyed_operator<Op> std::string check_operator(
    const std::vector<typename Op::in_type>& input, const KeyFn& key_of) {
  return detail::check<Op>(input, [&] { return std::make_unique<operator_harness<Op>>(key_of); });
}

}  // namespace weir::testing
