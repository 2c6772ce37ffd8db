// SPDX-License-Identifier: Apache-2.0
// injected_disk is a disk whose writes go wrong as disk_faults says; all else it leaves to the disk under it.
//
// Owner:      as disk.
// Invariants: (1) an append that fails or is torn has left a random part of its bytes; (2) after a lost write the next call
//             ends the process, with all files as they were at their last sync, and files whose entry was not synced gone.
// Not here:   removals and cuts that were not synced stay.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "connectors/disk.hpp"
#include "weir/core/disk_faults.hpp"

namespace weir {

class injected_disk final : public disk {
 public:
  injected_disk(std::unique_ptr<disk> under, std::shared_ptr<disk_faults> faults);
  ~injected_disk() override;

  const std::string& path() const override;
  result<std::vector<disk_entry>> list() override;
  result<std::size_t> read(const std::string& name, std::uint64_t offset, char* into,
                           std::size_t size) override;
  result<std::unique_ptr<disk_file>> create(const std::string& name) override;
  result<std::unique_ptr<disk_file>> open(const std::string& name, std::uint64_t size) override;
  result<void> remove(const std::string& name) override;
  result<void> sync_entries() override;

 private:
  class file;
  struct state;
  std::shared_ptr<state> state_;  // shared with the files, which may outlive the disk
};

}  // namespace weir
