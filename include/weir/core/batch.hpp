// SPDX-License-Identifier: Apache-2.0
// batch<T> is a run of records of one type that travels together: the unit of order, credit and messaging. batch_ptr is
// its shared handle: a batch moves through a mailbox as a pointer and comes back to its sender with the credit.
//
// Owner:      one task at a time; only a broadcast shares one batch among readers, and those must not change it.
// Invariants: (1) size() <= capacity(), fixed at construction; (2) records are constructed in [0, size());
//             (3) `shared` is set before a batch has more than one reader, and never reset while it has.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace weir {

/// A batch as the runtime sees it: it counts, clears and copies records without knowing their type.
class batch_base {
 public:
  batch_base(const batch_base&) = delete;
  batch_base& operator=(const batch_base&) = delete;
  virtual ~batch_base() = default;

  std::uint32_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Of the records as they lie in the batch, not of what they own elsewhere.
  std::uint64_t bytes() const noexcept { return std::uint64_t{size_} * record_bytes_; }
  /// Destroys the records and keeps the memory.
  virtual void clear() noexcept = 0;
  /// A private batch of the same records (a reader of a broadcast makes one before it changes anything).
  virtual batch_base* copy() const = 0;

  /// Wall-clock time, microseconds since 1970, at which a source made the first of these records.
  std::int64_t time_us = 0;
  bool shared = false;

  void retain() noexcept { readers_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (readers_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  bool has_one_reader() const noexcept { return readers_.load(std::memory_order_acquire) == 1; }

 protected:
  explicit batch_base(std::uint32_t record_bytes) noexcept : record_bytes_(record_bytes) {}
  std::uint32_t size_ = 0;

 private:
  std::uint32_t record_bytes_;
  std::atomic<std::uint32_t> readers_{1};
};

class batch_ptr {
 public:
  batch_ptr() = default;
  explicit batch_ptr(batch_base* adopted) noexcept : batch_(adopted) {}
  batch_ptr(const batch_ptr& other) noexcept : batch_(other.batch_) {
    if (batch_ != nullptr) batch_->retain();
  }
  batch_ptr(batch_ptr&& other) noexcept : batch_(std::exchange(other.batch_, nullptr)) {}
  batch_ptr& operator=(batch_ptr other) noexcept {
    std::swap(batch_, other.batch_);
    return *this;
  }
  ~batch_ptr() {
    if (batch_ != nullptr) batch_->release();
  }
  batch_base* get() const noexcept { return batch_; }
  batch_base& operator*() const noexcept { return *batch_; }
  batch_base* operator->() const noexcept { return batch_; }
  explicit operator bool() const noexcept { return batch_ != nullptr; }

 private:
  batch_base* batch_ = nullptr;
};

/// Records a batch holds at most: about 32 KiB, so that a batch and the next one fit the second-level cache.
template <class T>
inline constexpr std::uint32_t batch_capacity =
    sizeof(T) <= 16 ? 2048
                    : (sizeof(T) >= 1024 ? 32 : static_cast<std::uint32_t>(32768 / sizeof(T)));

template <class T>
class batch final : public batch_base {
 public:
  using value_type = T;

  batch()
      : batch_base(sizeof(T)),
        records_(static_cast<T*>(::operator new(sizeof(T) * batch_capacity<T>, alignment))) {}
  ~batch() override {
    batch::clear();
    ::operator delete(records_, alignment);
  }

  static constexpr std::uint32_t capacity() noexcept { return batch_capacity<T>; }
  bool full() const noexcept { return size_ == capacity(); }
  T* data() noexcept { return records_; }
  const T* data() const noexcept { return records_; }
  T* begin() noexcept { return records_; }
  T* end() noexcept { return records_ + size_; }
  T& operator[](std::size_t index) noexcept { return records_[index]; }

  /// REQUIRES: !full().
  template <class... Args>
  void emplace(Args&&... args) {
    new (records_ + size_) T(std::forward<Args>(args)...);
    ++size_;
  }
  /// Takes over records that were constructed in place in data(). REQUIRES: size <= capacity().
  void set_size(std::uint32_t size) noexcept { size_ = size; }

  void clear() noexcept override {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      for (std::uint32_t i = 0; i < size_; ++i) records_[i].~T();
    }
    size_ = 0;
  }
  batch_base* copy() const override {
    if constexpr (std::is_copy_constructible_v<T>) {
      auto made = std::make_unique<batch>();
      for (std::uint32_t i = 0; i < size_; ++i) made->emplace(records_[i]);
      made->time_us = time_us;
      return made.release();
    } else {
      return nullptr;  // a broadcast of such a type does not compile
    }
  }
  /// O(1): exchanges the records, not the identities.
  void swap_records(batch& other) noexcept {
    std::swap(records_, other.records_);
    std::swap(size_, other.size_);
    std::swap(time_us, other.time_us);
    std::swap(hashes_, other.hashes_);
  }

  /// Key hashes, one a record, when the exchange that filled this batch computed them; else nullptr.
  std::uint64_t* hashes() noexcept { return hashes_.get(); }
  std::uint64_t* make_hashes() {
    if (!hashes_) hashes_ = std::make_unique_for_overwrite<std::uint64_t[]>(capacity());
    return hashes_.get();
  }

 private:
  /// Whole cache lines: records of 16 bytes that straddle lines cost a fifth of a counter's rate.
  static constexpr std::align_val_t alignment{alignof(T) > 64 ? alignof(T) : 64};

  T* records_;
  std::unique_ptr<std::uint64_t[]> hashes_;
};

}  // namespace weir
