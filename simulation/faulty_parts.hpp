// SPDX-License-Identifier: Apache-2.0
// faulty_parts shows a faulty_storage to file sinks, which may share it: one for all processes of a simulated machine.
//
// Owner:      as part_storage; shared by the sinks' lanes of a simulated job, which has one thread.
// Invariants: those of part_storage, up to the storage's crash.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/part_storage.hpp"
#include "simulation/faulty_storage.hpp"

namespace weir {

class faulty_parts final : public part_storage {
 public:
  faulty_parts(std::shared_ptr<disk_fate> fate, std::string path, std::uint64_t seed)
      : storage_(std::move(fate)), random_(seed), path_(std::move(path)) {}

  faulty_storage& storage() { return storage_; }
  const faulty_storage& storage() const { return storage_; }

  const std::string& path() const override { return path_; }
  result<std::vector<std::string>> names() const override {
    if (storage_.crashed()) return storage_.crash_error();
    std::vector<std::string> found;
    for (const auto& [name, content] : storage_.entries()) found.push_back(name);
    return found;
  }
  result<std::optional<part_status>> look(const std::string& name) const override {
    if (storage_.crashed()) return storage_.crash_error();
    const auto content = storage_.find(name);
    if (!content) return std::optional<part_status>();
    return std::optional<part_status>(part_status{true, content->bytes.size(), 0, content->number});
  }
  result<std::unique_ptr<part_file>> create(const std::string& name) override {
    if (auto done = storage_.create(name); !done) return done.error();
    return std::unique_ptr<part_file>(std::make_unique<file>(*this, storage_.find(name)));
  }
  result<bool> rename(const std::string& from, const std::string& to) override {
    if (storage_.find(to)) return false;
    if (auto done = storage_.rename(from, to); !done) return done.error();
    return true;
  }
  result<bool> remove(const std::string& name) override {
    if (!storage_.find(name)) return false;
    if (auto done = storage_.remove(name); !done) return done.error();
    return true;
  }
  result<void> sync() override { return storage_.sync_entries(); }

 private:
  class file final : public part_file {
   public:
    file(faulty_parts& on, faulty_storage::file_ptr content)
        : on_(on), content_(std::move(content)) {}
    result<void> write(std::uint64_t offset, std::string_view bytes) override {
      return on_.storage_.write(*content_, offset, bytes, on_.random_);
    }
    result<void> cut(std::uint64_t size) override { return on_.storage_.cut(*content_, size); }
    result<void> sync() override { return on_.storage_.sync(*content_); }

   private:
    faulty_parts& on_;
    faulty_storage::file_ptr content_;
  };

  faulty_storage storage_;
  std::mt19937_64 random_;
  std::string path_;
};

}  // namespace weir
