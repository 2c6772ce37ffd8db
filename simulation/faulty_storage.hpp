// SPDX-License-Identifier: Apache-2.0
// faulty_storage is a directory in memory that crashes before, inside or after any of its operations, with or without
// what was not synced, that fills up, and whose syncs fail. faulty_disk.hpp and faulty_parts.hpp show it to a journal and
// to a file sink.
//
// Owner:      one test, or one simulated machine; one thread.
// Invariants: (1) after the crash nothing changes until a restart; (2) what was synced is never lost; of what was not, a
//             loss of power keeps a random part: content is cut, zeroed or garbled anywhere behind what was synced, and
//             entries that were created, renamed or removed are so or not, each for itself, a rename wholly or not at
//             all.
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
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/disk_fate.hpp"

namespace weir {

class faulty_storage {
 public:
  struct file {
    std::uint64_t number = 0;
    std::string bytes;
    std::size_t synced = 0;                 ///< so many of them survive a loss of power
    std::optional<std::string> before_cut;  ///< may come back while the cut is not synced
  };
  using file_ptr = std::shared_ptr<file>;

  explicit faulty_storage(std::shared_ptr<disk_fate> fate = std::make_shared<disk_fate>())
      : fate_(std::move(fate)) {}

  // -- the plan --
  void crash_at(std::uint64_t operation, crash_phase phase) { fate_->crash_at(operation, phase); }
  void no_crash() { fate_->no_crash(); }
  void fail_sync_at(std::uint64_t operation) { failing_sync_ = operations() + operation; }
  void set_capacity(std::size_t bytes) { capacity_ = bytes; }

  bool crashed() const { return fate_->crashed(); }
  bool sync_failed() const { return sync_failed_; }
  std::uint64_t operations() const { return fate_->operations(); }

  /// kill -9: the machine goes on, so that everything is still there, synced or not.
  std::uint64_t restart_process() {
    fate_->restart();
    return 0;
  }
  /// Loss of power. Gives how many changes of entries, and contents of files, were lost, wholly or in part.
  std::uint64_t restart_machine(std::mt19937_64& random) {
    restart_process();
    std::uint64_t losses = 0;
    entries_ = entries_synced_;
    for (const entry_change& change : changes_) {
      if (random() % 2 == 0) {
        apply(change);
      } else {
        ++losses;
      }
    }
    for (auto& [name, content] : entries_) losses += lose(*content, random);
    keep_entries();
    return losses;
  }

  /// The content of a file, to damage it.
  std::string& bytes(const std::string& name) { return entries_.at(name)->bytes; }
  const std::map<std::string, file_ptr>& entries() const { return entries_; }

  // -- what its views do --
  result<void> append(file& to, std::string_view bytes, std::mt19937_64& random) {
    return write(to, to.bytes.size(), bytes, random);
  }
  /// REQUIRES: offset is not behind the end of the file.
  result<void> write(file& to, std::size_t offset, std::string_view bytes,
                     std::mt19937_64& random) {
    return fate_->operation([&](bool inside) -> result<void> {
      const std::size_t room = capacity_ - std::min(capacity_, used());
      const std::size_t part = inside ? random() % (bytes.size() + 1) : bytes.size();
      const std::string_view written = bytes.substr(0, std::min(part, room));
      to.bytes.replace(offset, written.size(), written);
      if (part > room) return error{error_code::no_space, "the faulty disk is full"};
      return {};
    });
  }
  result<void> sync(file& of) {
    const bool fails = operations() == failing_sync_;
    return fate_->operation([&](bool inside) -> result<void> {
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
    return fate_->operation([&](bool inside) -> result<void> {
      if (!inside) keep_entries();
      return {};
    });
  }
  result<void> create(const std::string& name) {
    if (entries_.contains(name) && !crashed()) return error{error_code::in_use, name + " exists"};
    auto made = std::make_shared<file>();
    made->number = ++files_made_;
    return change({{}, name, std::move(made)});
  }
  /// REQUIRES: there is `from` and no `to`.
  result<void> rename(const std::string& from, const std::string& to) {
    return change({from, to, find(from)});
  }
  result<void> remove(const std::string& name) { return change({name, {}, find(name)}); }
  result<void> cut(file& of, std::size_t size) {
    return fate_->operation([&](bool inside) -> result<void> {
      if (inside || size >= of.bytes.size()) return {};
      of.before_cut = of.bytes;
      of.bytes.resize(size);
      of.synced = std::min(of.synced, size);
      return {};
    });
  }
  file_ptr find(const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
  }
  error crash_error() const { return fate_->crash_error(); }

 private:
  /// No `from`: created; no `to`: removed.
  struct entry_change {
    std::string from;
    std::string to;
    file_ptr of;
  };

  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  result<void> change(const entry_change& what) {
    return fate_->operation([&](bool inside) -> result<void> {
      if (inside) return {};
      apply(what);
      changes_.push_back(what);
      return {};
    });
  }
  /// Unless a change that it builds on was lost.
  void apply(const entry_change& what) {
    if (!what.from.empty() && find(what.from) != what.of) return;
    if (!what.to.empty() && entries_.contains(what.to)) return;
    if (!what.from.empty()) entries_.erase(what.from);
    if (!what.to.empty()) entries_[what.to] = what.of;
  }
  void keep_entries() {
    entries_synced_ = entries_;
    changes_.clear();
  }
  std::size_t used() const {
    std::size_t sum = 0;
    for (const auto& [name, content] : entries_) sum += content->bytes.size();
    return sum;
  }
  /// Whether the content has changed.
  static bool lose(file& of, std::mt19937_64& random) {
    const std::string before = of.bytes;
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
    return of.bytes != before;
  }

  std::shared_ptr<disk_fate> fate_;
  std::map<std::string, file_ptr> entries_;
  std::map<std::string, file_ptr> entries_synced_;
  std::vector<entry_change> changes_;  // of the entries, since they were synced
  std::uint64_t files_made_ = 0;
  std::uint64_t failing_sync_ = never;
  std::size_t capacity_ = std::size_t{1} << 40;
  bool sync_failed_ = false;
};

}  // namespace weir
