// SPDX-License-Identifier: Apache-2.0
// The life of checkpoints in the store: what is written comes back, what is not complete does not
// exist, numbers are never used twice (P5), complete means verified (P12), and retention keeps what
// is needed (P18).
#include "state/snapshot_store.hpp"

#include <doctest/doctest.h>

#include "tests/state/store_fixture.hpp"

namespace weir {

using test::make_chunk;
using test::open_store;
using test::temp_directory;

namespace {
error_code code_of(const result<void>& outcome) {
  return outcome ? error_code::invariant : outcome.error().code;
}
template <class T>
error_code code_of(const result<T>& outcome) {
  return outcome ? error_code::invariant : outcome.error().code;
}
}  // namespace

TEST_CASE("a new store has no checkpoint and starts its numbers above epoch 0") {
  const temp_directory temp;
  open_store store(temp.path());
  CHECK(store->checkpoints().empty());
  CHECK(code_of(store->latest()) == error_code::not_found);
  CHECK(store->released_up_to() == epoch_id{0});
  CHECK(store.term().first_epoch == epoch_id{1});
  CHECK(store.term().fence == fence_id{1});
}

TEST_CASE("the initial checkpoint, epoch 0, can be completed before any other") {
  const temp_directory temp;
  open_store store(temp.path());
  CHECK(store.complete(epoch_id{0}, {}));
  CHECK(store->latest().value().epoch == epoch_id{0});
  store.checkpoint(store.epoch(0));
  CHECK(code_of(store.complete(epoch_id{0}, {})) == error_code::invalid_argument);
}

TEST_CASE("chunks and manifest come back as they were put, also after reopening") {
  const temp_directory temp;
  chunk big = make_chunk(200'000, 7);
  chunk empty;
  empty.kind = chunk_kind::elements;
  empty.groups = {5, 4};
  manifest written;
  chunk_ref big_ref;
  chunk_ref empty_ref;
  {
    open_store store(temp.path());
    big_ref = store->put(store.epoch(0), big).value();
    empty_ref = store->put(store.epoch(0), empty).value();
    written = store.manifest_of(store.epoch(0), {big_ref, empty_ref});
    written.tasks[0].operators[0].splits.push_back({"file:1", byte_vector(9, std::byte{1})});
    REQUIRE(store->complete(written));
    CHECK(test::equal(store->read(big_ref).value(), big));
  }
  open_store store(temp.path());
  const manifest found = store->latest().value();
  CHECK(found.created_unix_ms == 1);  // the store's clock
  written.created_unix_ms = 1;
  CHECK(found == written);
  CHECK(test::equal(store->read(big_ref).value(), big));
  CHECK(test::equal(store->read(empty_ref).value(), empty));
  CHECK(store->checkpoints()[0].bytes == 200'000);
}

TEST_CASE("a chunk can be read before its checkpoint is complete") {
  const temp_directory temp;
  open_store store(temp.path());
  const chunk_ref ref = store.put(store.epoch(0), 70'000, 3);
  CHECK(test::equal(store->read(ref).value(), make_chunk(70'000, 3)));
}

TEST_CASE("numbers are never used twice, whether or not they were used") {
  const temp_directory temp;
  std::uint64_t epoch_end = 0;
  std::uint64_t attempt_end = 0;
  for (std::uint64_t round = 1; round <= 5; ++round) {
    open_store store(temp.path());
    CHECK(store.term().fence == fence_id{round});
    CHECK(store.term().first_epoch.value >= epoch_end);
    CHECK(store.term().first_attempt.value >= attempt_end);
    const auto epochs = store->reserve_epochs(10);
    REQUIRE(epochs);
    CHECK(epochs->value >= store.term().first_epoch.value + store.term().block);
    epoch_end = epochs->value + 10;
    attempt_end = store->reserve_attempts(3).value().value + 3;
  }
}

TEST_CASE("an epoch that was not reserved takes no chunk and no manifest") {
  const temp_directory temp;
  open_store store(temp.path());
  const epoch_id beyond{store.term().first_epoch.value + store.term().block};
  CHECK(code_of(store->put(beyond, make_chunk(10, 1))) == error_code::invalid_argument);
  CHECK(code_of(store.complete(beyond, {})) == error_code::invalid_argument);
  REQUIRE(store->reserve_epochs(1));
  CHECK(store->put(beyond, make_chunk(10, 1)));
}

TEST_CASE("a manifest of another job, fence or attempt is refused") {
  const temp_directory temp;
  open_store store(temp.path());
  manifest wrong = store.manifest_of(store.epoch(0), {});
  SUBCASE("job") {
    wrong.job = "other";
  }
  SUBCASE("fence, older") {
    wrong.fence = {wrong.fence.value - 1};
  }
  SUBCASE("fence, newer") {
    wrong.fence = wrong.fence.next();
  }
  SUBCASE("attempt that was not reserved") {
    wrong.attempt = {wrong.attempt.value + store.term().block};
  }
  CHECK(code_of(store->complete(wrong)) == error_code::invalid_argument);
  CHECK(store->checkpoints().empty());
}

TEST_CASE("a manifest completes only with every chunk as it was put") {
  const temp_directory temp;
  open_store store(temp.path());
  const chunk_ref good = store.put(store.epoch(0), 1000, 1);
  chunk_ref bad = good;
  SUBCASE("a blob that was never put") {
    bad.blob += 1;
  }
  SUBCASE("another checksum") {
    bad.checksum ^= 1;
  }
  SUBCASE("another length") {
    bad.bytes += 1;
  }
  SUBCASE("another kind") {
    bad.kind = chunk_kind::erased;
  }
  SUBCASE("another number of entries") {
    bad.entries += 1;
  }
  SUBCASE("other key groups") {
    bad.groups.last += 1;
  }

  const auto refused = store.complete(store.epoch(0), {good, bad});
  CHECK(!refused);
  CHECK(store->checkpoints().empty());

  CHECK(store.complete(store.epoch(0), {good}));  // the store is as it was
}

TEST_CASE("a second completion of an epoch, and one below the newest, are refused") {
  const temp_directory temp;
  open_store store(temp.path());
  store.checkpoint(store.epoch(3));
  CHECK(code_of(store.complete(store.epoch(3), {})) == error_code::invalid_argument);
  CHECK(code_of(store.complete(store.epoch(2), {})) == error_code::invalid_argument);
  CHECK(code_of(store->put(store.epoch(2), make_chunk(1, 1))) == error_code::invalid_argument);
}

TEST_CASE("the newest two checkpoints stay, older ones go with their blobs") {
  const temp_directory temp;
  open_store store(temp.path());
  std::vector<chunk_ref> refs;
  for (std::uint64_t i = 0; i < 5; ++i) refs.push_back(store.checkpoint(store.epoch(i)));
  CHECK(store.epochs() == std::vector<std::uint64_t>{store.epoch(4).value, store.epoch(3).value});
  CHECK(code_of(store->read(refs[2])) == error_code::not_found);
  CHECK(store->read(refs[3]));
  CHECK(store->read(refs[4]));
}

TEST_CASE("a blob stays as long as any delta chain needs it") {
  const temp_directory temp;
  open_store store(temp.path());
  std::vector<chunk_ref> chain{store.checkpoint(store.epoch(0))};
  for (std::uint64_t i = 1; i < 5; ++i) {
    chain.push_back(store.put(store.epoch(i), 50, 1));
    REQUIRE(store.complete(store.epoch(i), chain));
  }
  for (const chunk_ref& ref : chain) CHECK(store->read(ref));

  store.checkpoint(store.epoch(5));  // a new full image; epoch 4 still needs the chain
  for (const chunk_ref& ref : chain) CHECK(store->read(ref));
  store.checkpoint(store.epoch(6));
  for (const chunk_ref& ref : chain) CHECK(!store->read(ref));
}

TEST_CASE("a pinned checkpoint stays until it is unpinned as often") {
  const temp_directory temp;
  open_store store(temp.path());
  const chunk_ref ref = store.checkpoint(store.epoch(0));
  store->pin(store.epoch(0));
  store->pin(store.epoch(0));
  for (std::uint64_t i = 1; i < 4; ++i) store.checkpoint(store.epoch(i));
  CHECK(store->load(store.epoch(0)));
  CHECK(store->read(ref));
  CHECK(store->checkpoints().back().pinned);

  store->unpin(store.epoch(0));
  store.checkpoint(store.epoch(4));
  CHECK(store->read(ref));
  store->unpin(store.epoch(0));
  store.checkpoint(store.epoch(5));
  CHECK(!store->read(ref));
  CHECK(code_of(store->load(store.epoch(0))) == error_code::not_found);
}

TEST_CASE("a savepoint is neither counted nor removed by retention, only by its owner") {
  const temp_directory temp;
  open_store store(temp.path());
  manifest savepoint = store.manifest_of(store.epoch(0), {store.put(store.epoch(0), 10, 1)});
  savepoint.kind = checkpoint_kind::savepoint;
  REQUIRE(store->complete(savepoint));
  CHECK(code_of(store->remove(store.epoch(0))) == error_code::invalid_argument);  // the newest
  for (std::uint64_t i = 1; i < 5; ++i) store.checkpoint(store.epoch(i));
  CHECK(store.epochs().size() == 3);
  CHECK(code_of(store->remove(store.epoch(4))) == error_code::invalid_argument);
  CHECK(code_of(store->remove(store.epoch(2))) == error_code::not_found);

  CHECK(store->remove(store.epoch(0)));
  CHECK(store.epochs().size() == 2);
  CHECK(!store->read(savepoint.tasks[0].operators[0].states[0].chunks[0]));
}

TEST_CASE("chunks of interleaved epochs keep apart") {
  const temp_directory temp;
  open_store store(temp.path());
  std::vector<chunk_ref> even;
  std::vector<chunk_ref> odd;
  for (unsigned i = 0; i < 20; ++i) {
    (i % 2 == 0 ? even : odd).push_back(store.put(store.epoch(i % 2), 1000, i));
  }
  REQUIRE(store.complete(store.epoch(0), even));
  for (unsigned i = 0; i < odd.size(); ++i) CHECK(store->read(odd[i]));  // pending, so kept
  REQUIRE(store.complete(store.epoch(1), odd));
  for (unsigned i = 0; i < 10; ++i) {
    CHECK(test::equal(store->read(even[i]).value(), make_chunk(1000, 2 * i)));
    CHECK(test::equal(store->read(odd[i]).value(), make_chunk(1000, 2 * i + 1)));
  }
}

TEST_CASE("an abandoned epoch takes no more chunks, cannot complete, and its blobs go") {
  const temp_directory temp;
  open_store store(temp.path());
  const chunk_ref lost = store.put(store.epoch(0), 1000, 1);
  store->abandon(store.epoch(0));
  store->abandon(store.epoch(0));
  CHECK(code_of(store->put(store.epoch(0), make_chunk(1, 1))) == error_code::invalid_argument);
  CHECK(code_of(store.complete(store.epoch(0), {lost})) == error_code::invalid_argument);
  CHECK(code_of(store.complete(store.epoch(1), {lost})) == error_code::not_found);

  store.checkpoint(store.epoch(1));
  CHECK(code_of(store->read(lost)) == error_code::not_found);
  store->abandon(store.epoch(1));  // too late: it is complete
  CHECK(store->load(store.epoch(1)));
}

TEST_CASE("a completion subsumes the pending epochs below it") {
  const temp_directory temp;
  open_store store(temp.path());
  const chunk_ref old = store.put(store.epoch(0), 1000, 1);
  store.checkpoint(store.epoch(1));
  CHECK(code_of(store->put(store.epoch(0), make_chunk(1, 1))) == error_code::invalid_argument);
  CHECK(!store->read(old));
}

TEST_CASE("a transaction is committed when it is full, and the checkpoint is whole all the same") {
  const temp_directory temp;
  store_options options;
  options.transaction_bytes_max = 100'000;
  open_store store(temp.path(), options);
  std::vector<chunk_ref> refs;
  for (unsigned i = 0; i < 20; ++i) refs.push_back(store.put(store.epoch(0), 30'000, i));
  refs.push_back(store.put(store.epoch(0), 300'000, 20));  // alone larger than a transaction
  REQUIRE(store.complete(store.epoch(0), refs));
  CHECK(store->verify(store->latest().value()));
}

TEST_CASE("the file stays near what is kept, however many checkpoints pass") {
  const temp_directory temp;
  open_store store(temp.path());
  REQUIRE(store->reserve_epochs(100));
  std::uintmax_t after_ten = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    std::vector<chunk_ref> refs;
    for (unsigned n = 0; n < 10; ++n) refs.push_back(store.put(store.epoch(i), 65'000, n));
    REQUIRE(store.complete(store.epoch(i), refs));
    if (i == 10) after_ten = std::filesystem::file_size(test::data_file_of(temp.path()));
  }
  const auto at_end = std::filesystem::file_size(test::data_file_of(temp.path()));
  CHECK(at_end <= after_ten + after_ten / 4);
  CHECK(at_end < 10 * 65'000 * 5);
}

TEST_CASE("what is not possible is refused when the store is opened") {
  const temp_directory temp;
  const auto clock = [] { return std::uint64_t{0}; };
  store_options options;
  options.retained = 1;
  CHECK(code_of(snapshot_store::open(temp.path(), options, "job", clock)) ==
        error_code::invalid_argument);
  { open_store store(temp.path()); }
  const auto other = snapshot_store::open(temp.path(), {}, "another", clock);
  CHECK(code_of(other) == error_code::incompatible);
  CHECK(other.error().message.find("\"another\"") != std::string::npos);
  open_store held(temp.path());
  CHECK(code_of(snapshot_store::open(temp.path(), {}, "job", clock)) == error_code::in_use);
}

TEST_CASE("what is kept of poison records comes back as it was last, long or short (P19)") {
  const temp_directory temp;
  for (const std::size_t size : {0u, 10u, 100'000u, 20'000u, 3u}) {
    {
      open_store store(temp.path());
      REQUIRE(store->keep_poison(byte_vector(size, std::byte{7})));
      store.checkpoint(store.epoch(0));
    }
    open_store store(temp.path());
    CHECK(store->poison() == byte_vector(size, std::byte{7}));
    CHECK(store->latest());
  }
}

}  // namespace weir
