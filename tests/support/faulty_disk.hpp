// SPDX-License-Identifier: Apache-2.0
// faulty_storage is a directory in memory that a test crashes before, inside or after any of its operations, with or
// without what was not synced, that fills up, and whose syncs fail; faulty_disk is a process's view of it.
//
// Owner:      one test; one thread.
// Invariants: (1) after the crash nothing changes until restart(); (2) what was synced is never lost; of what was not, a
//             loss of power keeps a random part: content is cut, zeroed or garbled anywhere behind what was synced, and
//             entries that were created or removed are there or not, each for itself.
// Not here:   damage to what was synced; a test makes that with bytes().
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "connectors/disk.hpp"

namespace weir::test {

/// When a crash happens, relative to the operation with the given number (from 0).
enum class crash_phase : std::uint8_t { before, inside, after };

class faulty_storage {
 public:
  struct file {
    std::string bytes;
    std::size_t synced = 0;                 ///< so many of them survive a loss of power
    std::optional<std::string> before_cut;  ///< may come back while the cut is not synced
  };
  using file_ptr = std::shared_ptr<file>;

  // -- the plan --
  void crash_at(std::uint64_t operation, crash_phase phase) {
    crash_operation_ = operations_ + operation;
    phase_ = phase;
  }
  void no_crash() { crash_operation_ = never; }
  void fail_sync_at(std::uint64_t operation) { failing_sync_ = operations_ + operation; }
  void set_capacity(std::size_t bytes) { capacity_ = bytes; }

  bool crashed() const { return crashed_; }
  bool sync_failed() const { return sync_failed_; }
  std::uint64_t operations() const { return operations_; }

  /// kill -9: the machine goes on, so that everything is still there, synced or not.
  void restart_process() { crashed_ = false, no_crash(); }
  /// Loss of power.
  void restart_machine(std::mt19937_64& random) {
    restart_process();
    // An entry that was created or removed, and not synced, is there or not.
    for (auto& [name, durable] : entries_synced_) {
      if (!entries_.contains(name) && random() % 2 == 0) entries_[name] = durable;
    }
    std::erase_if(entries_, [&](const auto& entry) {
      return !entries_synced_.contains(entry.first) && random() % 2 == 0;
    });
    for (auto& [name, content] : entries_) lose(*content, random);
    entries_synced_ = entries_;
  }

  /// The content of a file, to damage it.
  std::string& bytes(const std::string& name) { return entries_.at(name)->bytes; }
  const std::map<std::string, file_ptr>& entries() const { return entries_; }

  // -- what a faulty_disk does --
  /// Counts one operation. `effect(inside)` carries it out, wholly or, when `inside`, in part.
  template <class Effect>
  result<void> operation(Effect effect) {
    if (crashed_) return crash_error();
    const bool now = operations_++ == crash_operation_;
    if (now && phase_ == crash_phase::before) return crash();
    result<void> done = effect(now && phase_ == crash_phase::inside);
    if (now) return crash();
    return done;
  }
  result<void> append(file& to, std::string_view bytes, std::mt19937_64& random) {
    return operation([&](bool inside) -> result<void> {
      const std::size_t room = capacity_ - std::min(capacity_, used());
      const std::size_t part = inside ? random() % (bytes.size() + 1) : bytes.size();
      to.bytes.append(bytes.substr(0, std::min(part, room)));
      if (part > room) return error{error_code::no_space, "the faulty disk is full"};
      return {};
    });
  }
  result<void> sync(file& of) {
    const bool fails = operations_ == failing_sync_;
    return operation([&](bool inside) -> result<void> {
      if (fails) {
        sync_failed_ = true;
        return error{error_code::io, "the faulty disk cannot sync"};
      }
      if (inside) return {};
      of.synced = of.bytes.size();
      of.before_cut.reset();
      return {};
    });
  }
  result<void> sync_entries() {
    return operation([&](bool inside) -> result<void> {
      if (!inside) entries_synced_ = entries_;
      return {};
    });
  }
  result<void> create(const std::string& name) {
    return operation([&](bool inside) -> result<void> {
      if (entries_.contains(name)) return error{error_code::in_use, name + " exists"};
      if (!inside) entries_[name] = std::make_shared<file>();
      return {};
    });
  }
  result<void> cut(const std::string& name, std::size_t size) {
    return operation([&](bool inside) -> result<void> {
      file& of = *entries_.at(name);
      if (inside || size >= of.bytes.size()) return {};
      of.before_cut = of.bytes;
      of.bytes.resize(size);
      of.synced = std::min(of.synced, size);
      return {};
    });
  }
  result<void> remove(const std::string& name) {
    return operation([&](bool inside) -> result<void> {
      if (!inside) entries_.erase(name);
      return {};
    });
  }
  file_ptr find(const std::string& name) {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
  }
  error crash_error() const { return {error_code::io, "the process is gone"}; }

 private:
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  result<void> crash() {
    crashed_ = true;
    return crash_error();
  }
  std::size_t used() const {
    std::size_t sum = 0;
    for (const auto& [name, content] : entries_) sum += content->bytes.size();
    return sum;
  }
  static void lose(file& of, std::mt19937_64& random) {
    if (of.before_cut && random() % 2 == 0) of.bytes = *of.before_cut;
    of.before_cut.reset();
    const std::size_t open = of.bytes.size() - of.synced;
    switch (random() % 4) {
      case 0:  // nothing of it came to the disk
        of.bytes.resize(of.synced);
        break;
      case 1:  // a part
        of.bytes.resize(of.synced + random() % (open + 1));
        break;
      case 2:  // its length, but not all of its pages
        for (std::size_t i = of.synced; i < of.bytes.size(); ++i) {
          if (i % 32 >= random() % 32) of.bytes[i] = '\0';
        }
        break;
      default:  // all
        break;
    }
    of.synced = of.bytes.size();
  }

  std::map<std::string, file_ptr> entries_;
  std::map<std::string, file_ptr> entries_synced_;
  std::uint64_t operations_ = 0;
  std::uint64_t crash_operation_ = never;
  std::uint64_t failing_sync_ = never;
  crash_phase phase_ = crash_phase::before;
  std::size_t capacity_ = std::size_t{1} << 40;
  bool crashed_ = false;
  bool sync_failed_ = false;
};

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
  faulty_disk(faulty_storage& on, std::uint64_t seed) : on_(on), random_(seed) {}

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
    if (auto done = on_.cut(name, size); !done) return done.error();
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
  const std::string path_ = "faulty";
};

}  // namespace weir::test
