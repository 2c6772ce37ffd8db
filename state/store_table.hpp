// SPDX-License-Identifier: Apache-2.0
// store_table is what a snapshot store asks of the medium under it: one durable, ordered table from 64-bit numbers to
// bytes, with at most one open write transaction. lmdb_table is the one on disk, lmdb_reader the same for
// looking only; a simulation has one in memory.
//
// Owner:      the snapshot store. Not thread safe.
// Invariants: (1) commit() is durable when it returns, and what was not committed is gone after a crash; (2) after a
//             failed write the transaction is gone and the table is as it was at the last commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "weir/core/result.hpp"

namespace weir {

class store_table {
 public:
  using bytes_view = std::span<const std::byte>;

  virtual ~store_table() = default;

  /// Opens a write transaction unless one is open.
  virtual result<void> begin() = 0;
  virtual bool writing() const = 0;
  /// Room for a new entry whose key is above all others; to be filled before the next call.
  virtual result<std::span<std::byte>> append(std::uint64_t key, std::size_t size) = 0;
  /// Adds or replaces an entry.
  virtual result<void> put(std::uint64_t key, bytes_view value) = 0;
  /// Removes an entry if it exists.
  virtual result<void> erase(std::uint64_t key) = 0;
  /// Makes all changes since begin() durable, in one step.
  virtual result<void> commit() = 0;
  virtual void roll_back() = 0;

  /// Calls `use` with the value, which is valid during the call only, as the open transaction sees it. Errors:
  /// not_found, and what `use` returns.
  virtual result<void> get(std::uint64_t key,
                           const std::function<result<void>(bytes_view)>& use) const = 0;
  /// All keys, ascending.
  virtual result<std::vector<std::uint64_t>> keys() const = 0;

  /// For messages: which table.
  virtual std::string name() const = 0;
};

}  // namespace weir
