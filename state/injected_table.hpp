// SPDX-License-Identifier: Apache-2.0
// injected_table is a store_table whose writes go wrong as disk_faults says; all else it leaves to the table under it. A
// write is an appended entry (a chunk), or a commit.
//
// Owner:      as store_table.
// Invariants: those of store_table: (1) a write that fails ends the transaction; (2) a torn or lost write ends the process
//             in the commit of its transaction: of a lost one nothing has reached the disk; of a torn one a random part of
//             all but what makes it valid, LMDB's first two pages.
// Source:     LMDB writes the pages of a transaction to places that the last valid state does not use, syncs, and only then
//             writes one of the first two pages. A power cut before that leaves any part of the former and none of the latter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "state/store_table.hpp"
#include "weir/core/disk_faults.hpp"

namespace weir {

class injected_table final : public store_table {
 public:
  /// REQUIRES: under->name() is the path of the table's file, if it has one.
  injected_table(std::unique_ptr<store_table> under, std::shared_ptr<disk_faults> faults);

  result<void> begin() override { return under_->begin(); }
  bool writing() const override { return under_->writing(); }
  result<std::span<std::byte>> append(std::uint64_t key, std::size_t size) override;
  result<void> put(std::uint64_t key, bytes_view value) override { return under_->put(key, value); }
  result<void> erase(std::uint64_t key) override { return under_->erase(key); }
  result<void> commit() override;
  void roll_back() override { under_->roll_back(); }
  result<void> get(std::uint64_t key,
                   const std::function<result<void>(bytes_view)>& use) const override {
    return under_->get(key, use);
  }
  result<std::vector<std::uint64_t>> keys() const override { return under_->keys(); }
  std::string name() const override { return under_->name(); }

 private:
  /// Errors: of a write that is to fail; others wait for the commit.
  result<void> meet_write(const char* action);
  void tear_commit();

  std::unique_ptr<store_table> under_;
  std::shared_ptr<disk_faults> faults_;
  disk_fault at_commit_ = disk_fault::none;
};

}  // namespace weir
