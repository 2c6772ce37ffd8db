// SPDX-License-Identifier: Apache-2.0
// key_output<T, Key, KeyFn> is the sending side of key_by: it hashes each record's key and appends the record to the open
// batch of the subtask that owns the key's group. It also serves as the last stage of a fused loop (emit).
//
// Owner:      the sending task.
// Invariants: cursors_[c] points behind the last record of channel c's open batch; settle() writes that back into the
//             batch, and is called before anyone else looks at the batches.
#pragma once

#include <concepts>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/exchange.hpp"
#include "weir/core/key_group.hpp"

namespace weir::detail {

/// Hashing such a key again at the receiver is cheaper than sending the hash along.
template <class Key>
inline constexpr bool cheap_hash = (std::is_integral_v<Key> || std::is_enum_v<Key>)&&sizeof(Key) <=
                                   8;

template <class T, class Key, class KeyFn>
class key_output final : public exchange_output<T> {
  struct cursor {
    T* next = nullptr;
    T* end = nullptr;
    T* begin = nullptr;
    std::uint64_t* hash = nullptr;
  };

 public:
  key_output(exchange_port& port, KeyFn key_fn)
      : exchange_output<T>(port), key_fn_(std::move(key_fn)), cursors_(this->channels()) {
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) rewind(channel);
  }
  ~key_output() override { settle(); }

  /// Calls loop(session): a session emits with the key function and the positions in local variables, for the length of
  /// one loop. Which kind of session is chosen once, so that the loop itself asks nothing for each record.
  template <class Loop>
  void with_session(Loop&& loop) {
    if constexpr (cheap_hash<Key>) {
      if (this->channels() == 1) return in_session<only_session>(loop);
      if constexpr (cheap_copy) {
        if (this->channels() == 2) return in_session<pair_session>(loop);
      }
    }
    in_session<session>(loop);
  }

  void on_batch(batch<T>& records) override {
    set_time(records.time_us);
    with_session([&](auto& out) {
      for (auto& record : records) out.emit(std::move(record));
    });
  }
  void set_time(std::int64_t time_us) {
    time_us_ = time_us;
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) {
      if (cursors_[channel].next == cursors_[channel].begin)
        this->open_of(channel).time_us = time_us;
    }
  }
  void flush() override {
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) {
      if (cursors_[channel].next != cursors_[channel].begin) send_full(channel);
    }
  }
  bool holds_records() const override {
    for (const auto& at : cursors_) {
      if (at.next != at.begin) return true;
    }
    return false;
  }

 private:
  /// Where the next record of each of two channels goes.
  struct position {
    T* first = nullptr;
    T* first_end = nullptr;
    T* second = nullptr;
    T* second_end = nullptr;
  };
  static constexpr bool small_key_fn = std::is_trivially_copyable_v<KeyFn> && sizeof(KeyFn) <= 64;
  using local_key_fn = std::conditional_t<small_key_fn, const KeyFn, const KeyFn&>;
  static constexpr bool cheap_copy = std::is_trivially_copyable_v<T> && sizeof(T) <= 32;

  /// Any number of channels.
  class session {
   public:
    explicit session(key_output& into)
        : into_(into),
          key_fn_(into.key_fn_),
          cursors_(into.cursors_.data()),
          channels_(into.channels()) {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    void emit(T&& record) {
      const std::uint64_t hash = key_hash<Key>(key_fn_(std::as_const(record)));
      const std::uint32_t channel = subtask_of(key_group_of(hash), channels_);
      cursor& at = cursors_[channel];
      T* const place = at.next;
      new (place) T(std::move(record));
      at.next = place + 1;
      if constexpr (!cheap_hash<Key>) *at.hash++ = hash;
      if (place + 1 == at.end) [[unlikely]]
        into_.send_full(channel);
    }
    void emit(const T& record) { emit(T(record)); }

   private:
    key_output& into_;
    local_key_fn key_fn_;
    cursor* const cursors_;
    const std::uint32_t channels_;
  };

  /// One channel: there is nothing to choose.
  class only_session {
   public:
    explicit only_session(key_output& into)
        : into_(into), next_(into.cursors_[0].next), end_(into.cursors_[0].end) {}
    ~only_session() {
      if (next_ != nullptr) into_.cursors_[0].next = next_;
    }
    only_session(const only_session&) = delete;
    only_session& operator=(const only_session&) = delete;

    void emit(T&& record) {
      new (next_) T(std::move(record));
      if (++next_ == end_) [[unlikely]]
        send_full();
    }
    void emit(const T& record) { emit(T(record)); }

   private:
    [[gnu::noinline]] void send_full() {
      cursor& at = into_.cursors_[0];
      at.next = std::exchange(next_, nullptr);  // should the port throw, the cursor knows better
      into_.send_full(0);
      next_ = at.next;
      end_ = at.end;
    }
    key_output& into_;
    T* next_;
    T* end_;
  };

  /// Two channels: both get the record, but only one position moves: no branch, and no wait for a position in memory.
  /// No function takes the session's address, so that the positions stay in registers: as stores they would queue behind
  /// those of the records, which wait for cache lines of the receiver's core.
  class pair_session {
   public:
    explicit pair_session(key_output& into)
        : into_(into), key_fn_(into.key_fn_), at_(into.pair_position()) {}
    ~pair_session() {
      if (at_.first != nullptr) into_.set_pair_position(at_);
    }
    pair_session(const pair_session&) = delete;
    pair_session& operator=(const pair_session&) = delete;

    void emit(const T& record) {
      const std::uint32_t group = key_group_of(key_hash<Key>(key_fn_(record)));
      const bool to_second = subtask_of(group, 2) != 0;
      new (at_.first) T(record);
      new (at_.second) T(record);
      at_.first += !to_second;
      at_.second += to_second;
      if (at_.first == at_.first_end || at_.second == at_.second_end) [[unlikely]] {
        // nullptr meanwhile: should the port throw, the cursors know better
        const position full = std::exchange(at_, {});
        at_ = into_.send_one_of_pair(full, to_second ? 1 : 0);
      }
    }

   private:
    key_output& into_;
    local_key_fn key_fn_;
    position at_;
  };

  template <class Session, class Loop>
  void in_session(Loop& loop) {
    Session emitting(*this);
    loop(emitting);
  }

  void settle() {
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) settle(channel);
  }
  void settle(std::uint32_t channel) {
    const cursor& at = cursors_[channel];
    this->open_of(channel).set_size(static_cast<std::uint32_t>(at.next - at.begin));
  }
  void rewind(std::uint32_t channel) {
    batch<T>& open = this->open_of(channel);
    cursor& at = cursors_[channel];
    at.begin = open.data();
    at.next = open.data() + open.size();
    at.end = open.data() + open.capacity();
    if constexpr (!cheap_hash<Key>) at.hash = open.make_hashes() + open.size();
    if (open.empty()) open.time_us = time_us_;
  }
  position pair_position() const {
    return {cursors_[0].next, cursors_[0].end, cursors_[1].next, cursors_[1].end};
  }
  void set_pair_position(const position& at) {
    cursors_[0].next = at.first;
    cursors_[1].next = at.second;
  }
  [[gnu::noinline]] position send_one_of_pair(position at, std::uint32_t channel) {
    set_pair_position(at);
    send_full(channel);
    return pair_position();
  }
  [[gnu::noinline]] void send_full(std::uint32_t channel) {
    settle(channel);
    batch_ptr full = this->replace_open(channel);
    rewind(channel);  // before the port is called, which may throw
    this->port().send(channel, std::move(full));
  }

  KeyFn key_fn_;
  std::vector<cursor> cursors_;
  std::int64_t time_us_ = 0;
};

}  // namespace weir::detail
