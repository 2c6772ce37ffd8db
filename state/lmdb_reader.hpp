// SPDX-License-Identifier: Apache-2.0
// lmdb_reader is the table of lmdb_table for somebody who only looks: it reads the file by itself, without LMDB, without a
// lock, and never writes a byte. So it can look at damaged files and at those of a running job.
//
// A running job commits while it is read. LMDB never overwrites what the commit before the newest one refers to (it copies
// pages, and uses a page again two commits later at the earliest). open() therefore takes what it finds as consistent when
// at most one commit came meanwhile, and tries again otherwise. Later reads may come too late: a value's place then holds
// something else. Who reads must check the bytes (frames and blobs carry checksums) and ask has_moved_on() when they are
// wrong.
//
// Owner:      one thread.
// Invariants: (1) nothing is ever written; (2) no bytes crash the reader: the file passed read_lmdb_file, pages are read
//             and never mapped.
// Source:     mdb.c of LMDB 0.9.24: mdb_page_alloc and mdb_find_oldest, without a reader table (MDB_NOLOCK).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "state/lmdb_check.hpp"
#include "state/store_table.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/result.hpp"

namespace weir {

class lmdb_reader final : public store_table {
 public:
  /// Looks at most so often for a moment in which a running job does not commit; one look at 1 GB takes some ms.
  static constexpr int looks_max = 200;

  /// Errors: corrupt, incompatible, io; in_use (a job commits faster than the file can be looked at).
  static result<std::unique_ptr<lmdb_reader>> open(const std::filesystem::path& data_file);
  ~lmdb_reader() override;
  lmdb_reader(const lmdb_reader&) = delete;
  lmdb_reader& operator=(const lmdb_reader&) = delete;

  /// Whether so much was committed since that transaction that its values may have been overwritten.
  static bool moved_on(const std::filesystem::path& data_file, std::uint64_t transaction);
  bool has_moved_on() const { return moved_on(data_file_, content_.transaction); }
  /// Copies this value to memory: get() gives the copy from now on. What get() says of errors holds here as well.
  result<void> hold(std::uint64_t key);
  const lmdb_content& content() const { return content_; }

  result<void> get(std::uint64_t key,
                   const std::function<result<void>(bytes_view)>& use) const override;
  result<std::vector<std::uint64_t>> keys() const override;
  std::string name() const override { return data_file_.string(); }

  // ---- refused: it is for looking only ----
  result<void> begin() override { return refused(); }
  bool writing() const override { return false; }
  result<std::span<std::byte>> append(std::uint64_t, std::size_t) override { return refused(); }
  result<void> put(std::uint64_t, bytes_view) override { return refused(); }
  result<void> erase(std::uint64_t) override { return refused(); }
  result<void> commit() override { return refused(); }
  void roll_back() override {}

 private:
  lmdb_reader(std::filesystem::path data_file, lmdb_content content, int fd);
  error refused() const;

  std::filesystem::path data_file_;
  lmdb_content content_;
  int fd_;
  mutable byte_vector buffer_;
  std::unordered_map<std::uint64_t, byte_vector> held_;
};

}  // namespace weir
