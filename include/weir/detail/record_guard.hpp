// SPDX-License-Identifier: Apache-2.0
// record_guard is the loop of an operator that has a poison policy: it knows which record is being processed, so that an
// exception leaves with the record's identity, and it keeps convicted records from being processed (P19). no_guard is the
// plain loop of all other operators.
//
// Owner:      the unit whose loop it is.
// Invariants: (1) while the watch is not careful, a record costs nothing beyond the plain loop (By::move: one encoding);
//             (2) what is thrown by operators behind this one, in the same task, is not blamed on its records.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/core/codec.hpp"
#include "weir/core/collector.hpp"
#include "weir/core/record_watch.hpp"
#include "weir/core/text.hpp"
#include "weir/core/unit.hpp"
#include "weir/poison.hpp"

namespace weir::detail {

/// In place of a key, where there is none.
struct no_key {};

/// Whether append_text compiles, for the types that are records most of the time; the others only miss a text.
template <class T>
constexpr bool has_text() {
  if constexpr (has_to_line<T> || is_string<T> || std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                is_id<T>) {
    return true;
  } else if constexpr (weir::record<T>) {
    return shape_of<T>.apply(some_object<T>, [](const auto&... fields) {
      return (has_text<std::remove_cvref_t<decltype(fields)>>() && ...);
    });
  } else {
    return false;
  }
}

struct no_guard {
  explicit no_guard(const std::string&) {}
  void attach(unit_host&) {}
  batch_consumer_base* connect(std::uint32_t, batch_consumer_base* consumer) { return consumer; }
  void set_time(std::int64_t) {}
  void flush() {}
  template <class In, class KeyAt, class Process>
  void run(In*, std::uint32_t n, KeyAt&&, Process&& process) {
    for (std::uint32_t i = 0; i < n; ++i) process(i);
  }
};

/// Stands between an operator and what comes behind it in its task.
template <class Out>
class downstream final : public batch_consumer<Out> {
 public:
  void set(batch_consumer_base* next) { next_ = static_cast<batch_consumer<Out>*>(next); }
  void watch(record_watch* by) { watch_ = by; }
  /// An exception came out of there.
  bool failed() const { return inside_; }

  void on_batch(batch<Out>& records) override {
    const auto in_process = watch_->pause();
    inside_ = true;
    next_->on_batch(records);
    inside_ = false;
    watch_->enter(in_process);
  }

 private:
  batch_consumer<Out>* next_ = nullptr;
  record_watch* watch_ = nullptr;
  bool inside_ = false;
};

/// Whether the function may change or move from its record, so that it must be encoded before.
enum class taken { by_reference, by_move };

template <class In, class Out, taken By>
class record_guard {
 public:
  record_guard(std::string uid, poison_rule rule) : uid_(std::move(uid)), rule_(rule) {
    behind_.watch(watch_);
  }
  record_guard(const record_guard&) = delete;
  record_guard& operator=(const record_guard&) = delete;

  void attach(unit_host& host) {
    host_ = &host;
    if (auto* given = host.watch(uid_)) watch_ = given;
    behind_.watch(watch_);
  }
  /// Returns what the operator's own output of that number is to be connected with; nullptr: none of its own.
  batch_consumer_base* connect(std::uint32_t port, batch_consumer_base* consumer) {
    if (port == 0) {
      behind_.set(consumer);
      return &behind_;
    }
    if (rule_.what != poison_rule::action::dead_letter || port != rule_.letter_port) {
      return consumer;
    }
    letters_.set_consumer(static_cast<batch_consumer<dead_letter>*>(consumer));
    return nullptr;
  }
  void set_time(std::int64_t time_us) { letters_.set_time(time_us); }
  void flush() { letters_.flush(); }

  /// Calls process(i) for each of n records, but for those that are convicted. key_at(i): the record's key, or no_key.
  template <class KeyAt, class Process>
  void run(In* records, std::uint32_t n, KeyAt&& key_at, Process&& process) {
    std::uint32_t i = 0;
    try {
      if (watch_->careful()) {
        for (; i < n; ++i) process_unless_convicted(records[i], i, key_at, process);
        watch_->leave();
      } else {
        for (; i < n; ++i) {
          if constexpr (By == taken::by_move) encode(key_at(i), records[i]);
          process(i);
        }
      }
    } catch (const invariant_broken&) {
      throw;
    } catch (...) {
      if (behind_.failed()) throw;
      blame(records[i], key_at(i));
    }
  }

 private:
  template <class Key>
  void encode(const Key& key, const In& record) {
    bytes_.clear();
    byte_writer out(bytes_);
    if constexpr (!std::is_same_v<Key, no_key>) codec<Key>::encode(key, out);
    key_bytes_ = bytes_.size();
    codec<In>::encode(record, out);
  }

  template <class KeyAt, class Process>
  void process_unless_convicted(const In& record, std::uint32_t i, KeyAt& key_at,
                                Process& process) {
    encode(key_at(i), record);
    const auto identity = identity_of(bytes_);
    if (const conviction* known = watch_->find(identity)) {
      if (rule_.what == poison_rule::action::dead_letter) letters_.emit(letter(*known, record));
      watch_->skipped(identity);
      return;
    }
    watch_->enter(identity);
    process(i);
  }

  dead_letter letter(const conviction& known, const In& record) const {
    const auto* bytes = reinterpret_cast<const char*>(bytes_.data());
    dead_letter made;
    made.operator_name = uid_;
    made.identity = identity_text(known.identity);
    if constexpr (has_text<In>()) append_text(made.text, record);
    made.key.assign(bytes, key_bytes_);
    made.record.assign(bytes + key_bytes_, bytes_.size() - key_bytes_);
    made.schema = codec<In>::schema();
    made.error = known.error;
    made.time_ms = known.time_ms;
    made.attempt = known.attempt.value;
    made.kills = known.kills;
    return made;
  }

  /// Throws what was thrown, with the record that was being processed.
  template <class Key>
  [[noreturn, gnu::cold, gnu::noinline]] void blame(const In& record, const Key& key) {
    error why = current_error();
    const auto thrown = std::current_exception();
    try {
      if constexpr (By == taken::by_reference) encode(key, record);
    } catch (...) {
      std::rethrow_exception(thrown);  // no identity, no count: an ordinary failure
    }
    watch_->leave();
    throw poison_error(std::move(why), {uid_, identity_of(bytes_), host_->wall_us() / 1000,
                                        record_kill::evidence::thrown});
  }

  std::string uid_;
  poison_rule rule_;
  unit_host* host_ = nullptr;
  record_watch unwatched_;
  record_watch* watch_ = &unwatched_;
  downstream<Out> behind_;
  batch_collector<dead_letter> letters_;
  byte_vector bytes_;  // of the key and the record in process
  std::size_t key_bytes_ = 0;
};

}  // namespace weir::detail
