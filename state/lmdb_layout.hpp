// SPDX-License-Identifier: Apache-2.0
// The parts of LMDB's file that lmdb_check reads: its structures by offset (mdb.c does not publish
// them), a reader that never maps the file, and the pair of meta pages.
//
// Owner:      lmdb_check.cpp alone.
// Invariants: every read is bounded; what is wrong is thrown as `damage`, and caught in
//             check_lmdb_file.
// Source:     mdb.c of LMDB 0.9.24, data version 1, on 64-bit little-endian machines.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "weir/core/error.hpp"

namespace weir::detail {

using page_number = std::uint64_t;

// The structures of mdb.c, by offset, because its header does not publish them.
inline constexpr std::size_t page_header_bytes = 16;
inline constexpr std::size_t node_header_bytes = 8;
inline constexpr std::size_t key_bytes = 8;
inline constexpr std::uint16_t flag_branch = 0x01, flag_leaf = 0x02, flag_overflow = 0x04,
                               flag_meta = 0x08;
inline constexpr std::uint16_t node_big = 0x01;
inline constexpr std::uint16_t table_integer_key = 0x08;
inline constexpr page_number no_page = ~page_number{0};
inline constexpr unsigned depth_max = 32;  // CURSOR_STACK
// Pages at the end that were freed by the transaction that first took them are never written, so a
// file may be shorter than its last page says; not by more than a transaction's worth, for which
// this is ample (4 GiB).
inline constexpr page_number tail_pages_max = page_number{1} << 20;

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

struct table {  // MDB_db
  std::uint32_t pad;
  std::uint16_t flags, depth;
  std::uint64_t branch_pages, leaf_pages, overflow_pages, entries;
  page_number root;
};

struct meta {  // MDB_meta
  std::uint32_t magic, version;
  std::uint64_t address, map_bytes;
  table free, main;
  page_number last_page;
  std::uint64_t transaction;
};
static_assert(sizeof(table) == 48 && sizeof(meta) == 136, "must match mdb.c on 64-bit machines");

struct damage {  // thrown inside this file only: a walk is many levels deep
  std::string what;
};

[[noreturn]] inline void fail(std::string what) {
  throw damage{std::move(what)};
}
inline void require(bool condition, const char* what, page_number page) {
  if (!condition) fail(std::string(what) + " (page " + std::to_string(page) + ")");
}

class file_reader {
 public:
  explicit file_reader(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (fd_ < 0 || ::fstat(fd_, &status) != 0) raise();
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  file_reader(const file_reader&) = delete;
  file_reader& operator=(const file_reader&) = delete;
  ~file_reader() {
    if (fd_ >= 0) ::close(fd_);
  }

  std::uint64_t size() const { return size_; }
  void read(std::uint64_t offset, std::byte* to, std::size_t size) const {
    while (size != 0) {
      const ssize_t got = ::pread(fd_, to, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) raise();
      if (got == 0) fail("ends too early");
      to += got;
      offset += static_cast<std::uint64_t>(got);
      size -= static_cast<std::size_t>(got);
    }
  }

 private:
  [[noreturn]] static void raise() { throw std::system_error(errno, std::generic_category()); }
  int fd_;
  std::uint64_t size_ = 0;
};

/// The newer of the two meta pages, after both have been checked.
class meta_pages {
 public:
  explicit meta_pages(const file_reader& file) {
    if (file.size() == 0) fail("is empty");
    const meta first = read(file, 0, 0);
    page_bytes_ = first.free.pad;
    if (!std::has_single_bit(page_bytes_) || page_bytes_ < 512 || page_bytes_ > 0x8000) {
      fail("has pages of " + std::to_string(page_bytes_) + " bytes");
    }
    file_pages_ = file.size() / page_bytes_;
    const meta second = read(file, page_bytes_, 1);
    check(first, 0);
    check(second, 1);
    // Commit t writes meta page t % 2, so the two differ by one and the even one is page 0; a new
    // file has 0 and 0.
    const std::uint64_t low = std::min(first.transaction, second.transaction);
    const std::uint64_t high = std::max(first.transaction, second.transaction);
    const bool is_new = high == 0;
    if (!is_new && (high - low != 1 || first.transaction % 2 != 0)) {
      fail("has meta pages of transactions " + std::to_string(first.transaction) + " and " +
           std::to_string(second.transaction) + ", which are not neighbours");
    }
    newest_ = first.transaction >= second.transaction ? first : second;
  }

  std::size_t page_bytes() const { return page_bytes_; }
  const meta& newest() const { return newest_; }

 private:
  static meta read(const file_reader& file, std::uint64_t offset, page_number number) {
    std::byte bytes[page_header_bytes + sizeof(meta)];
    file.read(offset, bytes, sizeof bytes);
    const auto content = load<meta>(bytes + page_header_bytes);
    if (content.magic != 0xBEEFC0DE) fail("is not an LMDB file");
    if (content.version != 1) {
      throw error{error_code::incompatible, "has LMDB data version " +
                                                std::to_string(content.version & 0x7fffffff) +
                                                ", this program reads version 1"};
    }
    require(load<page_number>(bytes) == number, "meta page has a wrong number", number);
    require(load<std::uint16_t>(bytes + 10) == flag_meta, "meta page has wrong flags", number);
    return content;
  }

  void check(const meta& one, page_number number) const {
    require(one.free.pad == page_bytes_, "meta pages differ in page size", number);
    require(one.address == 0, "meta page asks for a fixed address", number);
    require(one.free.flags == table_integer_key, "free list has wrong flags", number);
    require(one.main.flags == 0 && one.main.pad == 0, "table has wrong flags", number);
    require(one.last_page >= 1 && one.last_page < file_pages_ + tail_pages_max,
            "impossible last page", number);
  }

  std::size_t page_bytes_ = 0;
  page_number file_pages_ = 0;
  meta newest_{};
};

}  // namespace weir::detail
