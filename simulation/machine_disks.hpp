// SPDX-License-Identifier: Apache-2.0
// machine_disks are all the disks of one simulated machine, in memory: the snapshot store's, those of file sinks, and those
// of journals. They have one fate: when the machine stops in a write or sync of any of them, all of them stop.
//
// Owner:      a simulated machine. They outlive its processes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "simulation/disk_fate.hpp"
#include "simulation/faulty_disk.hpp"
#include "simulation/faulty_parts.hpp"
#include "simulation/faulty_storage.hpp"
#include "simulation/memory_table.hpp"

namespace weir {

class machine_disks {
 public:
  explicit machine_disks(std::uint64_t seed) : random_(seed) {}

  disk_fate& fate() { return *fate_; }
  const std::shared_ptr<memory_disk>& store() const { return store_; }
  /// The directory of this name for file sinks, made when it is asked for.
  std::shared_ptr<faulty_parts> parts(const std::string& name) {
    auto& place = parts_[name];
    if (!place) place = std::make_shared<faulty_parts>(fate_, name, random_());
    return place;
  }

  /// The directory of this name for a journal. Errors: in_use (it is open).
  result<std::unique_ptr<disk>> journal(const std::string& name) {
    auto [place, is_new] = journals_.try_emplace(name, fate_);
    if (!place->second.lock.expired())
      return error{error_code::in_use, "the simulated journal '" + name + "' is open"};
    auto lock = std::make_shared<int>();
    place->second.lock = lock;
    return std::unique_ptr<disk>(
        std::make_unique<faulty_disk>(place->second.storage, random_(), std::move(lock)));
  }
  std::uint64_t draw() { return random_(); }

  /// kill -9, after which the disks have everything that was written; in the store's table that is what was committed.
  void restart_process() { fate_->restart(); }
  /// Loss of power, after which they have what was synced, and a random part of the rest. Gives how many things were lost.
  std::uint64_t restart_machine() {
    std::uint64_t losses = 0;
    for (auto& [name, storage] : parts_) losses += storage->storage().restart_machine(random_);
    for (auto& [name, place] : journals_) losses += place.storage.restart_machine(random_);
    fate_->restart();
    return losses;
  }

 private:
  struct journal_place {
    explicit journal_place(std::shared_ptr<disk_fate> fate) : storage(std::move(fate)) {}
    faulty_storage storage;
    std::weak_ptr<void> lock;
  };

  std::mt19937_64 random_;
  std::shared_ptr<disk_fate> fate_ = std::make_shared<disk_fate>();
  std::shared_ptr<memory_disk> store_ = std::make_shared<memory_disk>(fate_);
  std::map<std::string, std::shared_ptr<faulty_parts>> parts_;
  std::map<std::string, journal_place> journals_;
};

}  // namespace weir
