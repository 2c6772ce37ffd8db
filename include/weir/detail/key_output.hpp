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

  /// Emits with the channels and the key function in local variables, for the length of a loop. With a single channel
  /// there is nothing to choose, and the position stays in a register.
  class session {
   public:
    explicit session(key_output& into)
        : into_(into),
          key_fn_(into.key_fn_),
          cursors_(into.cursors_.data()),
          channels_(into.channels()),
          only_(channels_ == 1 && cheap_hash<Key> ? cursors_->next : nullptr) {
      if (pairs) load_pair();
    }
    ~session() {
      if (only_ != nullptr) cursors_->next = only_;
      if (pairs) store_pair();
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    void emit(T&& record) {
      if constexpr (cheap_pair) {
        if (pairs) return emit_to_pair(record);
      }
      if (only_ != nullptr) return emit_to_only(std::move(record));
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
    static constexpr bool small = std::is_trivially_copyable_v<KeyFn> && sizeof(KeyFn) <= 64;

    static constexpr bool cheap_pair =
        std::is_trivially_copyable_v<T> && sizeof(T) <= 32 && cheap_hash<Key>;

    void load_pair() {
      first_ = cursors_[0].next;
      second_ = cursors_[1].next;
    }
    void store_pair() {
      cursors_[0].next = first_;
      cursors_[1].next = second_;
    }
    /// Both channels get the record, but only one position moves: no branch, and no wait for a position in memory.
    void emit_to_pair(const T& record) {
      const std::uint32_t group = key_group_of(key_hash<Key>(key_fn_(record)));
      const bool to_second = subtask_of(group, 2) != 0;
      new (first_) T(record);
      new (second_) T(record);
      first_ += !to_second;
      second_ += to_second;
      if (first_ != cursors_[0].end && second_ != cursors_[1].end) [[likely]]
        return;
      store_pair();
      into_.send_full(to_second ? 1 : 0);
      load_pair();
    }

    void emit_to_only(T&& record) {
      new (only_) T(std::move(record));
      if (++only_ != cursors_->end) [[likely]]
        return;
      cursors_->next = only_;
      into_.send_full(0);
      only_ = cursors_->next;
    }

    key_output& into_;
    std::conditional_t<small, const KeyFn, const KeyFn&> key_fn_;
    cursor* const cursors_;
    const std::uint32_t channels_;
    T* only_;
    const bool pairs = cheap_pair && channels_ == 2;
    T* first_ = nullptr;
    T* second_ = nullptr;
  };

  void on_batch(batch<T>& records) override {
    set_time(records.time_ms);
    session out(*this);
    for (auto& record : records) out.emit(std::move(record));
  }
  void set_time(std::int64_t time_ms) {
    time_ms_ = time_ms;
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) {
      if (cursors_[channel].next == cursors_[channel].begin)
        this->open_of(channel).time_ms = time_ms;
    }
  }
  void flush() override {
    settle();
    exchange_output<T>::flush();
    for (std::uint32_t channel = 0; channel < this->channels(); ++channel) rewind(channel);
  }
  bool holds_records() const override {
    for (const auto& at : cursors_) {
      if (at.next != at.begin) return true;
    }
    return false;
  }

 private:
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
    if (open.empty()) open.time_ms = time_ms_;
  }
  [[gnu::noinline]] void send_full(std::uint32_t channel) {
    settle(channel);
    this->send(channel);
    rewind(channel);
  }

  KeyFn key_fn_;
  std::vector<cursor> cursors_;
  std::int64_t time_ms_ = 0;
};

}  // namespace weir::detail
