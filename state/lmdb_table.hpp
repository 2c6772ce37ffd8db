// SPDX-License-Identifier: Apache-2.0
// lmdb_table is one durable, ordered table from 64-bit numbers to bytes: an LMDB environment of its
// own with a single unnamed tree, and at most one open write transaction.
//
// Owner:      the snapshot writer's thread. Not thread safe.
// Invariants: (1) the file has passed check_lmdb_file before LMDB sees it; (2) no read transaction
//             survives a call (it would stop LMDB from using freed pages again); (3) after a failed
//             write the transaction is gone and the table is as it was at the last commit; (4)
//             commit() is durable when it returns (never MDB_NOSYNC).
// Source:     docs/formats.md. Keys are stored big-endian: LMDB's own byte order comparison then is
//             the order of the numbers, no MDB_INTEGERKEY flag needs to be kept in step, and dumps
//             read in order. Locking is the state directory's (flock), hence MDB_NOLOCK: no lock
//             file that could be damaged or stale.
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "state/store_table.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/result.hpp"

namespace weir {

class lmdb_table final : public store_table {
 public:
  /// Makes an empty table in the new directory `dir` with one entry in it; durable when it returns.
  static result<void> create(const std::filesystem::path& dir, std::uint64_t key, bytes_view value);
  /// Opens an existing one. `map_bytes` is address space, not memory or disk; the file cannot grow
  /// beyond it. Errors: corrupt, incompatible, io.
  static result<std::unique_ptr<lmdb_table>> open(const std::filesystem::path& dir,
                                                  std::size_t map_bytes);
  ~lmdb_table() override;

  /// Opens a write transaction unless one is open. Errors: io, corrupt.
  result<void> begin() override;
  bool writing() const override { return transaction_ != nullptr; }

  /// Room for a new entry whose key is above all others; to be filled before the next call.
  /// Errors: no_space, io, invariant (key not above); each ends the transaction.
  result<std::span<std::byte>> append(std::uint64_t key, std::size_t size) override;
  /// Adds or replaces an entry.
  result<void> put(std::uint64_t key, bytes_view value) override;
  /// Removes an entry if it exists. One whose pages on disk are damaged stays (as a leak), because
  /// LMDB would free other entries' pages with it.
  result<void> erase(std::uint64_t key) override;
  /// Makes all changes since begin() durable, in one step. Errors: no_space, io; each ends the
  /// transaction.
  result<void> commit() override;
  void roll_back() override;

  /// Calls `use` with the value, which is valid during the call only, as the open transaction sees
  /// it. Errors: not_found, and what `use` returns.
  result<void> get(std::uint64_t key,
                   const std::function<result<void>(bytes_view)>& use) const override;
  /// Calls `use` for every entry in the order of the keys, until it returns an error.
  result<void> for_each(
      const std::function<result<void>(std::uint64_t key, bytes_view value)>& use) const;
  result<std::vector<std::uint64_t>> keys() const override;
  std::string name() const override { return data_file_.string(); }

  const std::filesystem::path& data_file() const { return data_file_; }

 private:
  class reading;

  lmdb_table(MDB_env* environment, std::filesystem::path dir, std::size_t map_bytes);
  static result<std::unique_ptr<lmdb_table>> attach(const std::filesystem::path& dir,
                                                    std::size_t map_bytes);
  result<void> find_map_base();
  void touched() const;
  void release_map() const;
  bool disk_is_full() const;
  bool pages_are_sound(const MDB_val& value) const;
  error fail(int code, const std::string& action, std::size_t bytes = 0);
  error describe(int code, const std::string& action, std::size_t bytes) const;

  MDB_env* environment_;
  MDB_dbi tree_ = 0;
  std::filesystem::path data_file_;
  std::size_t map_bytes_;
  std::size_t page_bytes_ = 0;
  const std::byte* map_base_ = nullptr;
  MDB_txn* transaction_ = nullptr;
  mutable std::size_t touched_bytes_ = 0;  // of the mapping, since release_map
};

}  // namespace weir
