// SPDX-License-Identifier: Apache-2.0
// zeroed_memory is a run of bytes that starts as zeros. Large runs come from the kernel, which
// zeroes a page when it is first touched, so that making one takes no time in proportion to its
// size; from 4 MiB on they ask for huge pages.
//
// Owner:      a value; moved, never copied.
// Invariants: data() is aligned to at least 64 bytes and null exactly when size() is 0.
// Source:     performance.md section 2 (huge pages: 10 to 25 % from 32 MB on).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace weir {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

class zeroed_memory {
 public:
  zeroed_memory() = default;
  /// Throws std::bad_alloc.
  explicit zeroed_memory(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size < mapped_from) {
      data_ = static_cast<std::byte*>(::operator new(size, alignment));
      std::memset(data_, 0, size);
    } else {
      map();
    }
  }
  zeroed_memory(zeroed_memory&& other) noexcept { swap(other); }
  zeroed_memory& operator=(zeroed_memory&& other) noexcept {
    zeroed_memory(std::move(other)).swap(*this);
    return *this;
  }
  ~zeroed_memory() {
    if (data_ == nullptr) return;
    if (mapped_ == nullptr) {
      ::operator delete(data_, alignment);
    } else {
      ::munmap(mapped_, mapped_bytes_);
    }
  }

  std::byte* data() const { return data_; }
  std::uint8_t* octets() const { return reinterpret_cast<std::uint8_t*>(data_); }
  std::size_t size() const { return size_; }
  bool on_huge_pages() const { return size_ >= huge_from; }

 private:
  static constexpr std::align_val_t alignment{64};
  static constexpr std::size_t mapped_from = 64 * 1024;  // below, memset costs less than the kernel
  static constexpr std::size_t huge_from = 2 * huge_page_bytes;

  void map() {
    mapped_bytes_ = size_ >= huge_from ? size_ + huge_page_bytes : size_;
    void* region =
        ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED) throw std::bad_alloc();
    mapped_ = data_ = static_cast<std::byte*>(region);
    if (size_ < huge_from) return;
    // Start on a huge page; the unused rest of the mapping is never touched and takes no memory.
    data_ += (huge_page_bytes - reinterpret_cast<std::uintptr_t>(data_) % huge_page_bytes) %
             huge_page_bytes;
    ::madvise(data_, size_, MADV_HUGEPAGE);  // advice: works without it as well
  }
  void swap(zeroed_memory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    std::swap(mapped_bytes_, other.mapped_bytes_);
  }

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::byte* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace weir
