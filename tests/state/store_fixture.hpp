// SPDX-License-Identifier: Apache-2.0
// What the tests of state/ share: a directory that goes away, small chunks, and a store on it with
// a clock that ticks by one at each call.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/scratch_directory.hpp"
#include "state/snapshot_store.hpp"

namespace weir::test {

/// In memory where possible: thousands of syncs to a disk take minutes, and no test here cuts the
/// power.
class temp_directory : public scratch_directory {
 public:
  temp_directory() : scratch_directory("weir-state-", parent()) {}

 private:
  static std::filesystem::path parent() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }
};

inline std::uint64_t test_seed() {
  const char* given = std::getenv("WEIR_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

inline chunk make_chunk(std::size_t size, unsigned fill) {
  chunk out;
  out.groups = {100, 200};
  out.entries = fill;
  out.bytes.assign(size, static_cast<std::byte>(fill));
  return out;
}

inline bool equal(const chunk& a, const chunk& b) {
  return a.kind == b.kind && a.groups == b.groups && a.entries == b.entries && a.bytes == b.bytes;
}

/// A store with the numbers of its term at hand. Tests use epochs first, first + 1, ...
class open_store {
 public:
  explicit open_store(const std::filesystem::path& dir, store_options options = {}) {
    auto opened = snapshot_store::open(dir, options, "job",
                                       [now = std::uint64_t{0}]() mutable { return ++now; });
    if (!opened) FAIL(opened.error().text());
    store_ = std::move(*opened);
    auto begun = store_->begin_term();
    if (!begun) FAIL(begun.error().text());
    terms_ = *begun;
  }

  snapshot_store* operator->() { return store_.get(); }
  epoch_id epoch(std::uint64_t index) const { return {terms_.first_epoch.value + index}; }
  const terms& term() const { return terms_; }

  chunk_ref put(epoch_id epoch, std::size_t size, unsigned fill) {
    auto ref = store_->put(epoch, make_chunk(size, fill));
    if (!ref) FAIL(ref.error().text());
    return *ref;
  }
  /// A manifest of one task with one state that has these chunks.
  manifest manifest_of(epoch_id epoch, std::vector<chunk_ref> chunks) const {
    state_snapshot state;
    state.name = "seen";
    state.chunks = std::move(chunks);
    operator_snapshot one;
    one.uid = "count";
    one.states.push_back(std::move(state));
    task_snapshot task;
    task.task = "count";
    task.operators.push_back(std::move(one));
    manifest out;
    out.epoch = epoch;
    out.attempt = terms_.first_attempt;
    out.fence = terms_.fence;
    out.job = "job";
    out.tasks.push_back(std::move(task));
    return out;
  }
  result<void> complete(epoch_id epoch, std::vector<chunk_ref> chunks) {
    return store_->complete(manifest_of(epoch, std::move(chunks)));
  }
  /// One chunk of its own, complete.
  chunk_ref checkpoint(epoch_id epoch, std::size_t size = 100) {
    const chunk_ref ref = put(epoch, size, static_cast<unsigned>(epoch.value));
    const auto completed = complete(epoch, {ref});
    if (!completed) FAIL(completed.error().text());
    return ref;
  }
  std::vector<std::uint64_t> epochs() const {
    std::vector<std::uint64_t> out;
    for (const checkpoint_info& info : store_->checkpoints()) out.push_back(info.epoch.value);
    return out;
  }

 private:
  std::unique_ptr<snapshot_store> store_;
  terms terms_;
};

inline std::filesystem::path data_file_of(const std::filesystem::path& dir) {
  return dir / "snapshots.mdb" / "data.mdb";
}

}  // namespace weir::test
