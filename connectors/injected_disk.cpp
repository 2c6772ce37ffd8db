// SPDX-License-Identifier: Apache-2.0
#include "connectors/injected_disk.hpp"

#include <utility>

namespace weir {

/// What is on the disk, and how much of it would survive a loss of power.
struct injected_disk::state {
  struct extent {
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
    bool entry_synced = true;
  };

  std::unique_ptr<disk> under;
  std::shared_ptr<disk_faults> faults;
  std::map<std::string, extent> files;
  bool lost = false;  // a write that was reported as done is to be forgotten

  void crash_if_lost() {
    if (!lost) return;
    for (const auto& [name, of] : files) {
      if (!of.entry_synced) {
        (void)under->remove(name);
      } else if (of.synced < of.size) {
        (void)under->open(name, of.synced);
      }
    }
    faults->crash();
  }
};

class injected_disk::file final : public disk_file {
 public:
  file(std::shared_ptr<state> on, std::string name, std::unique_ptr<disk_file> under)
      : on_(std::move(on)), name_(std::move(name)), under_(std::move(under)) {}

  result<void> append(std::string_view bytes) override {
    on_->crash_if_lost();
    const auto fault = on_->faults->next_write();
    if (fault != disk_fault::none && fault != disk_fault::lost_write) return fail(fault, bytes);
    on_->lost = fault == disk_fault::lost_write;
    auto done = under_->append(bytes);
    on_->files[name_].size += bytes.size();
    return done;
  }
  result<void> sync() override {
    on_->crash_if_lost();
    auto done = under_->sync();
    auto& mine = on_->files[name_];
    if (done) mine.synced = mine.size;
    return done;
  }

 private:
  result<void> fail(disk_fault fault, std::string_view bytes) {
    const auto part = bytes.substr(0, on_->faults->up_to(bytes.size()));
    if (auto done = under_->append(part); !done) return done;
    on_->files[name_].size += part.size();
    if (fault == disk_fault::torn_write) on_->faults->crash();
    const bool full = fault == disk_fault::disk_full;
    return error{full ? error_code::no_space : error_code::io,
                 "cannot write '" + on_->under->path() + "/" + name_ + "': injected " +
                     (full ? "full disk" : "write error")};
  }

  std::shared_ptr<state> on_;
  std::string name_;
  std::unique_ptr<disk_file> under_;
};

injected_disk::injected_disk(std::unique_ptr<disk> under, std::shared_ptr<disk_faults> faults)
    : state_(std::make_shared<state>()) {
  state_->under = std::move(under);
  state_->faults = std::move(faults);
}

injected_disk::~injected_disk() = default;

const std::string& injected_disk::path() const {
  return state_->under->path();
}

result<std::vector<disk_entry>> injected_disk::list() {
  return state_->under->list();
}

result<std::size_t> injected_disk::read(const std::string& name, std::uint64_t offset, char* into,
                                        std::size_t size) {
  return state_->under->read(name, offset, into, size);
}

result<std::unique_ptr<disk_file>> injected_disk::create(const std::string& name) {
  state_->crash_if_lost();
  auto made = state_->under->create(name);
  if (!made) return made;
  state_->files[name] = {.size = 0, .synced = 0, .entry_synced = false};
  return std::unique_ptr<disk_file>(std::make_unique<file>(state_, name, std::move(*made)));
}

result<std::unique_ptr<disk_file>> injected_disk::open(const std::string& name,
                                                       std::uint64_t size) {
  state_->crash_if_lost();
  auto opened = state_->under->open(name, size);
  if (!opened) return opened;
  auto& of = state_->files[name];
  of.size = of.synced = size;
  return std::unique_ptr<disk_file>(std::make_unique<file>(state_, name, std::move(*opened)));
}

result<void> injected_disk::remove(const std::string& name) {
  state_->crash_if_lost();
  state_->files.erase(name);
  return state_->under->remove(name);
}

result<void> injected_disk::sync_entries() {
  state_->crash_if_lost();
  auto done = state_->under->sync_entries();
  if (!done) return done;
  for (auto& [name, of] : state_->files) of.entry_synced = true;
  return done;
}

}  // namespace weir
