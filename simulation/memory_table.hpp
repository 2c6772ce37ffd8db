// SPDX-License-Identifier: Apache-2.0
// memory_table is a store_table without a disk. What is durable lies on a memory_disk, which survives the table as a disk
// survives a process; what was not committed goes with the table. Writes fail when the disk says so, and the machine may
// stop before, inside and after each of them: a commit that it stops in is durable as a whole or not at all, which is
// what LMDB promises (tests/state/lmdb_prefix_test.cpp).
//
// Owner:      the table: a snapshot store; the disk: a simulated job.
// Invariants: those of store_table. manifests[i] was durable before manifests[i + 1].
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulation/disk_fate.hpp"
#include "state/store_table.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/ids.hpp"

namespace weir {

struct memory_disk {
  explicit memory_disk(std::shared_ptr<disk_fate> of) : fate(std::move(of)) {}

  std::shared_ptr<disk_fate> fate;
  std::map<std::uint64_t, byte_vector> durable;
  std::vector<epoch_id> manifests;   ///< every epoch whose manifest ever became durable, in order
  std::uint32_t failing_writes = 0;  ///< so many of the next writes fail
  std::uint32_t fails_one_in = 0;    ///< besides, each so many-th write fails; 0: none
  std::uint32_t fails_left = 0;      ///< how many of those there still are
  std::uint64_t failed_writes = 0;
  std::set<epoch_id> damaged;     ///< checkpoints that cannot be read
  bool keeps_cut_commit = false;  ///< whether a commit that the machine stops in is durable

  /// How many there are, damaged ones among them.
  std::size_t checkpoints() const;
  /// The newest sound checkpoint can no longer be read, if there is another one; gives that.
  std::optional<epoch_id> damage_newest();
};

class memory_table final : public store_table {
 public:
  explicit memory_table(std::shared_ptr<memory_disk> disk) : disk_(std::move(disk)) {}

  result<void> begin() override;
  bool writing() const override { return writing_; }
  result<std::span<std::byte>> append(std::uint64_t key, std::size_t size) override;
  result<void> put(std::uint64_t key, bytes_view value) override;
  result<void> erase(std::uint64_t key) override;
  result<void> commit() override;
  void roll_back() override;
  result<void> get(std::uint64_t key,
                   const std::function<result<void>(bytes_view)>& use) const override;
  result<std::vector<std::uint64_t>> keys() const override;
  std::string name() const override { return "simulated disk"; }

 private:
  bool fails_now();
  /// Does a write or sync, unless the disk fails it; then the transaction ends.
  template <class Effect>
  result<void> write(const char* what, Effect effect);
  void make_durable();
  const byte_vector* find(std::uint64_t key) const;

  std::shared_ptr<memory_disk> disk_;
  bool writing_ = false;
  std::map<std::uint64_t, std::optional<byte_vector>> changes_;  // nullopt: erased
};

}  // namespace weir
