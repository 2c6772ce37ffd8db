// SPDX-License-Identifier: Apache-2.0
// Retention (P18) by property: random interleavings of chunks, completions with delta chains,
// aborts, lost transactions and pins. After each step no kept checkpoint lacks a blob, and nothing
// is kept that nobody needs. Prints its seed.
#include "state/snapshot_catalogue.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/state/store_fixture.hpp"

namespace weir {
namespace {

constexpr unsigned retained = 2;

manifest manifest_of(epoch_id epoch, std::vector<chunk_ref> chunks) {
  manifest out;
  out.epoch = epoch;
  out.tasks.resize(1);
  out.tasks[0].operators.resize(1);
  out.tasks[0].operators[0].states.resize(1);
  out.tasks[0].operators[0].states[0].chunks = std::move(chunks);
  return out;
}

/// A catalogue, and beside it the plain truth of what should be in the store.
class catalogue_model {
 public:
  explicit catalogue_model(std::uint64_t seed) : random_(seed) {}

  void step() {
    switch (random_() % 8) {
      case 0:
        return begin_epoch();
      case 1:
        return complete();
      case 2:
        return abort();
      case 3:
        return lose();
      case 4:
        return turn_pin();
      default:
        return put();
    }
  }

  void check() const {
    const auto list = catalogue_.newest_first();
    const auto good = std::count_if(list.begin(), list.end(), [](const auto& one) {
      return !one.damage && one.kind != checkpoint_kind::savepoint;
    });
    CHECK(static_cast<std::uint64_t>(good) >= std::min<std::uint64_t>(retained, completed_count_));
    for (const epoch_id pinned : pinned_) CHECK(catalogue_.find(pinned) != nullptr);
    for (const auto& one : list) {
      for (const chunk_ref& ref : chunks_.at(one.epoch)) CHECK(stored_.contains(ref.blob));
    }
    for (const auto& [epoch, chunks] : pending_) {
      for (const chunk_ref& ref : chunks) CHECK(stored_.contains(ref.blob));
    }
  }

  /// After a commit with nothing pending and nothing pinned, only what the kept checkpoints name is
  /// left.
  void check_nothing_leaks() {
    pending_.clear();
    for (const epoch_id pinned : pinned_) catalogue_.unpin(pinned);
    pinned_.clear();
    for (int i = 0; i < 2; ++i) {
      begin_epoch();
      complete();
    }
    std::set<std::uint64_t> needed;
    for (const auto& one : catalogue_.newest_first()) {
      for (const chunk_ref& ref : chunks_.at(one.epoch)) needed.insert(ref.blob);
    }
    CHECK(catalogue_.newest_first().size() == retained);
    CHECK(stored_ == needed);
    CHECK(catalogue_.blob_count() == needed.size());
  }

 private:
  void begin_epoch() { pending_[next_epoch_ = next_epoch_.next()]; }

  void put() {
    if (pending_.empty()) return;
    auto at = pending_.begin();
    std::advance(at, random_() % pending_.size());
    chunk_ref ref;
    ref.blob = next_blob_++;
    ref.bytes = static_cast<std::uint32_t>(random_());
    REQUIRE(catalogue_.may_write(at->first));
    catalogue_.written(at->first, ref);
    stored_.insert(ref.blob);
    at->second.push_back(ref);
  }

  void complete() {
    if (pending_.empty()) return;
    auto at = pending_.begin();
    std::advance(at, random_() % pending_.size());
    std::vector<chunk_ref> chunks = at->second;
    const auto newest = catalogue_.newest();
    if (newest && random_() % 2 == 0) {  // a delta
      const auto& base = chunks_.at(*newest);
      chunks.insert(chunks.begin(), base.begin(), base.end());
    }
    const manifest done = manifest_of(at->first, chunks);
    REQUIRE(catalogue_.verify(done));
    apply(&done);
    catalogue_.completed(done);
    chunks_[done.epoch] = chunks;
    ++completed_count_;
    pending_.erase(pending_.begin(), std::next(at));  // lower ones are subsumed
    transaction_begin_ = next_blob_;
  }

  void abort() {
    if (pending_.empty()) return;
    catalogue_.abandon(pending_.begin()->first);
    CHECK(!catalogue_.may_write(pending_.begin()->first));
    pending_.erase(pending_.begin());
    apply(nullptr);
    transaction_begin_ = next_blob_;
  }

  void lose() {
    const std::uint64_t first = transaction_begin_;
    catalogue_.lost_from(first);
    stored_.erase(stored_.lower_bound(first), stored_.end());
    for (auto& [epoch, chunks] : pending_) {
      for (const chunk_ref& ref : chunks) {
        if (ref.blob >= first) CHECK(!catalogue_.verify(manifest_of(epoch, {ref})));
      }
      std::erase_if(chunks, [&](const chunk_ref& ref) { return ref.blob >= first; });
    }
  }

  void turn_pin() {
    const auto list = catalogue_.newest_first();
    if (!pinned_.empty() && random_() % 2 == 0) {
      catalogue_.unpin(*pinned_.begin());
      pinned_.erase(pinned_.begin());
    } else if (!list.empty() && pinned_.insert(list.back().epoch).second) {
      catalogue_.pin(list.back().epoch);
    }
  }

  void apply(const manifest* completing) {
    const auto plan = catalogue_.plan(completing, retained);
    for (const std::uint64_t blob : plan.blobs) CHECK(stored_.erase(blob) == 1);
    catalogue_.apply(plan);
  }

  std::mt19937_64 random_;
  snapshot_catalogue catalogue_;
  std::map<epoch_id, std::vector<chunk_ref>> pending_;
  std::map<epoch_id, std::vector<chunk_ref>> chunks_;  // of every checkpoint that ever completed
  std::set<std::uint64_t> stored_;
  std::set<epoch_id> pinned_;
  std::uint64_t completed_count_ = 0;
  std::uint64_t next_blob_ = 1;
  std::uint64_t transaction_begin_ = 1;
  epoch_id next_epoch_;
};

}  // namespace

TEST_CASE("whatever happens, kept checkpoints keep their blobs and nothing else stays") {
  const std::uint64_t seed = test::test_seed();
  CAPTURE(seed);
  for (std::uint64_t run = 0; run < 100; ++run) {
    catalogue_model model(seed + run);
    for (int i = 0; i < 200; ++i) {
      model.step();
      model.check();
    }
    model.check_nothing_leaks();
  }
}

TEST_CASE("a damaged checkpoint does not count, and goes when two good ones are above it") {
  snapshot_catalogue catalogue;
  catalogue.found_checkpoint(manifest_of({1}, {}));
  catalogue.found_checkpoint(manifest_of({2}, {}));
  catalogue.found_damaged({3}, {error_code::corrupt, "torn"});

  const manifest fourth = manifest_of({4}, {});
  CHECK(catalogue.plan(&fourth, 2).checkpoints == std::vector<epoch_id>{{1}});
  catalogue.apply(catalogue.plan(&fourth, 2));
  catalogue.completed(fourth);

  const manifest fifth = manifest_of({5}, {});
  CHECK(catalogue.plan(&fifth, 2).checkpoints == std::vector<epoch_id>{{2}, {3}});
}

TEST_CASE("a checkpoint whose blob is missing is damaged from the start") {
  snapshot_catalogue catalogue;
  catalogue.found_blob(7);
  chunk_ref there;
  there.blob = 7;
  chunk_ref missing;
  missing.blob = 8;
  catalogue.found_checkpoint(manifest_of({1}, {there, missing}));
  REQUIRE(catalogue.find({1})->damage);
  CHECK(catalogue.find({1})->damage->code == error_code::corrupt);
  CHECK(catalogue.find({1})->damage->message.find("blob 8") != std::string::npos);
}

}  // namespace weir
