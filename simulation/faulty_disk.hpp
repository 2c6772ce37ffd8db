// SPDX-License-Identifier: Apache-2.0
// faulty_disk shows a faulty_storage to a journal: one process's view of the directory.
//
// Owner:      as disk; its storage outlives it.
// Invariants: those of disk, up to the storage's crash.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "connectors/disk.hpp"
#include "simulation/faulty_storage.hpp"

namespace weir {

class faulty_file final : public disk_file {
 public:
  faulty_file(faulty_storage& on, faulty_storage::file_ptr content, std::uint64_t seed)
      : on_(on), content_(std::move(content)), random_(seed) {}
  result<void> append(std::string_view bytes) override {
    return on_.append(*content_, bytes, random_);
  }
  result<void> sync() override { return on_.sync(*content_); }

 private:
  faulty_storage& on_;
  faulty_storage::file_ptr content_;
  std::mt19937_64 random_;
};

class faulty_disk final : public disk {
 public:
  /// `lock` is held for as long as the object lives.
  faulty_disk(faulty_storage& on, std::uint64_t seed, std::shared_ptr<void> lock = {})
      : on_(on), random_(seed), lock_(std::move(lock)) {}

  const std::string& path() const override { return path_; }
  result<std::vector<disk_entry>> list() override {
    if (on_.crashed()) return on_.crash_error();
    std::vector<disk_entry> found;
    for (const auto& [name, content] : on_.entries())
      found.push_back({name, content->bytes.size()});
    return found;
  }
  result<std::size_t> read(const std::string& name, std::uint64_t offset, char* into,
                           std::size_t size) override {
    if (on_.crashed()) return on_.crash_error();
    const auto content = on_.find(name);
    if (!content) return error{error_code::not_found, name};
    return content->bytes.copy(into, size, std::min<std::size_t>(offset, content->bytes.size()));
  }
  result<std::unique_ptr<disk_file>> create(const std::string& name) override {
    if (auto done = on_.create(name); !done) return done.error();
    return file_named(name);
  }
  result<std::unique_ptr<disk_file>> open(const std::string& name, std::uint64_t size) override {
    if (!on_.find(name)) return error{error_code::not_found, name};
    if (auto done = on_.cut(*on_.find(name), size); !done) return done.error();
    return file_named(name);
  }
  result<void> remove(const std::string& name) override { return on_.remove(name); }
  result<void> sync_entries() override { return on_.sync_entries(); }

 private:
  result<std::unique_ptr<disk_file>> file_named(const std::string& name) {
    return std::unique_ptr<disk_file>(
        std::make_unique<faulty_file>(on_, on_.find(name), random_()));
  }

  faulty_storage& on_;
  std::mt19937_64 random_;
  std::shared_ptr<void> lock_;
  const std::string path_ = "faulty";
};

}  // namespace weir
