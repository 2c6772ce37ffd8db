// SPDX-License-Identifier: Apache-2.0
// Specifies from which checkpoint a job goes on (P5, P18), with a real store in a scratch directory, whose files a test
// damages.
#include "coordinator/starting_point.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "state/lmdb_table.hpp"
#include "state/store_internals.hpp"
#include "tests/dataflow/graph_builder.hpp"
#include "tests/state/store_fixture.hpp"
#include "weir/core/hash.hpp"

namespace {

using namespace weir;
using test::open_store;
using test::temp_directory;

enum class sink_kind { recognises_epochs, may_repeat };

plan plan_with(sink_kind kind) {
  graph_builder job;
  const auto source = job.source("numbers");
  const auto count = job.operation("count", source);
  job.at(count).states.push_back({"seen", "i64"});
  job.at(job.sink("out", count)).recognises_epochs = kind == sink_kind::recognises_epochs;
  return job.make();
}

/// What a job's start asks for; "job" is also the name in the fixture's manifests.
start_request ordinary() {
  start_request request;
  request.job = "job";
  return request;
}

struct started_job {
  explicit started_job(const temp_directory& dir) : store(dir.path()) {}

  result<manifest> choose(const start_request& request, sink_kind kind = sink_kind::may_repeat) {
    return choose_start(*store.operator->(), plan_with(kind), request, store.term().fence,
                        store.term().first_attempt, store.epoch(0));
  }
  /// One complete checkpoint whose only state is the plan's.
  void checkpoint(std::uint64_t index, unsigned fill = 7) {
    auto content =
        store.manifest_of(store.epoch(index), {store.put(store.epoch(index), 100, fill)});
    content.key_hash_version = key_hash_version;
    content.tasks[0].operators[0].states[0].schema = "i64";
    const auto done = store->complete(content);
    if (!done) FAIL(done.error().text());
  }

  open_store store;
};

/// Changes the byte in the middle of every run of `fill` bytes: the checkpoint's chunk.
void damage_chunks(const temp_directory& dir, unsigned fill) {
  const auto path = test::data_file_of(dir.path());
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  in.close();
  const std::string chunk(100, static_cast<char>(fill));
  std::size_t found = 0;
  for (auto at = bytes.find(chunk); at != std::string::npos;
       at = bytes.find(chunk, at + chunk.size())) {
    bytes[at + 50] = static_cast<char>(fill + 1);
    ++found;
  }
  REQUIRE(found > 0);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The same for the job's name inside the newest manifests: their checksums fail.
void damage_manifest(const temp_directory& dir, const std::string& inside) {
  const auto path = test::data_file_of(dir.path());
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  in.close();
  std::size_t found = 0;
  for (auto at = bytes.find(inside); at != std::string::npos; at = bytes.find(inside, at + 1)) {
    bytes[at] = '?';
    ++found;
  }
  REQUIRE(found > 0);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void overwrite_manifest(const temp_directory& dir, epoch_id epoch) {
  auto table = lmdb_table::open(dir.path() / "snapshots.mdb", std::size_t{1} << 30).value();
  REQUIRE(table->begin());
  REQUIRE(table->put(detail::manifest_key(epoch), byte_vector(300, std::byte{1})));
  REQUIRE(table->commit());
}

TEST_CASE(
    "the first start is a complete checkpoint of epoch 0, durable before anything runs (P5)") {
  temp_directory dir;
  {
    started_job job(dir);
    const auto chosen = job.choose(ordinary());
    REQUIRE(chosen);
    CHECK(chosen->epoch == epoch_id{0});
    CHECK(chosen->kind == checkpoint_kind::initial);
    CHECK(chosen->tasks.empty());
    CHECK(job.store.epochs() == std::vector<std::uint64_t>{0});
  }
  started_job again(dir);
  const auto chosen = again.choose(ordinary());
  REQUIRE(chosen);
  CHECK(chosen->epoch == epoch_id{0});
  CHECK(again.store.epochs() == std::vector<std::uint64_t>{0});
}

TEST_CASE("a job goes on from its newest checkpoint, or from a named one") {
  temp_directory dir;
  started_job job(dir);
  REQUIRE(job.choose(ordinary()));
  job.checkpoint(1);
  job.checkpoint(2);

  const auto newest = job.choose(ordinary());
  REQUIRE(newest);
  CHECK(newest->epoch == job.store.epoch(2));

  auto named = ordinary();
  named.from = job.store.epoch(1);
  const auto older = job.choose(named, sink_kind::recognises_epochs);
  REQUIRE(older);
  CHECK(older->epoch == job.store.epoch(1));

  named.from = epoch_id{999};
  CHECK(job.choose(named, sink_kind::recognises_epochs).error().code == error_code::not_found);
}

TEST_CASE(
    "--from an older checkpoint is refused when a sink would repeat output, unless allowed (P18)") {
  temp_directory dir;
  started_job job(dir);
  REQUIRE(job.choose(ordinary()));
  job.checkpoint(1);
  job.checkpoint(2);

  auto named = ordinary();
  named.from = job.store.epoch(1);
  const auto refused = job.choose(named);
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::incompatible);
  CHECK(refused.error().message.find("'out'") != std::string::npos);
  CHECK(refused.error().message.find("--allow-duplicates") != std::string::npos);

  named.allow_duplicates = true;
  CHECK(job.choose(named));
  named.allow_duplicates = false;
  named.from = job.store.epoch(2);
  CHECK(job.choose(named));  // nothing newer was released
}

TEST_CASE(
    "when the newest manifest is damaged, weir goes back only if no sink repeats output (P18)") {
  temp_directory dir;
  {
    started_job job(dir);
    REQUIRE(job.choose(ordinary()));
    job.checkpoint(1);
    auto content =
        job.store.manifest_of(job.store.epoch(2), {job.store.put(job.store.epoch(2), 100, 9)});
    content.build = "the newest build";
    REQUIRE(job.store->complete(content));
  }
  damage_manifest(dir, "the newest build");

  started_job job(dir);
  const auto refused = job.choose(ordinary());
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::corrupt);
  CHECK(refused.error().message.find("'out'") != std::string::npos);

  SUBCASE("every sink recognises epochs") {
    const auto older = job.choose(ordinary(), sink_kind::recognises_epochs);
    REQUIRE(older);
    CHECK(older->epoch < job.store.epoch(0));
    CHECK(!older->tasks.empty());
  }
  SUBCASE("the user allows it") {
    auto allowed = ordinary();
    allowed.allow_duplicates = true;
    const auto older = job.choose(allowed);
    REQUIRE(older);
    CHECK(!older->tasks.empty());
  }
}

TEST_CASE(
    "going back never ends in the run before --fresh, even if that run's own beginning is damaged "
    "(P18)") {
  temp_directory dir;
  epoch_id fresh_begins;
  {
    started_job job(dir);
    REQUIRE(job.choose(ordinary()));
    job.checkpoint(1);
  }
  {
    started_job job(dir);
    auto fresh = ordinary();
    fresh.fresh = true;
    const auto begun = job.choose(fresh);
    REQUIRE(begun);
    fresh_begins = begun->epoch;
  }
  overwrite_manifest(dir, fresh_begins);

  started_job job(dir);
  REQUIRE(job.store.epochs().size() >= 2);  // the older run's are still there
  auto allowed = ordinary();
  allowed.allow_duplicates = true;
  const auto refused = job.choose(allowed, sink_kind::recognises_epochs);
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::corrupt);
}

TEST_CASE("a damaged chunk is found before anything runs, and the job goes back if it may (P18)") {
  temp_directory dir;
  epoch_id damaged;
  epoch_id older;
  {
    started_job job(dir);
    REQUIRE(job.choose(ordinary()));
    job.checkpoint(1, 100);
    job.checkpoint(2, 200);
    older = job.store.epoch(1);
    damaged = job.store.epoch(2);
  }
  damage_chunks(dir, 200);

  started_job job(dir);
  auto named = ordinary();
  named.from = damaged;
  const auto refused = job.choose(named, sink_kind::recognises_epochs);
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::corrupt);
  CHECK(refused.error().message.find("checkpoint " + to_string(damaged)) != std::string::npos);

  const auto repeats = job.choose(ordinary(), sink_kind::may_repeat);
  REQUIRE(!repeats);
  CHECK(repeats.error().code == error_code::corrupt);
  CHECK(repeats.error().message.find("--allow-duplicates") != std::string::npos);

  const auto back = job.choose(ordinary(), sink_kind::recognises_epochs);
  REQUIRE(back);
  CHECK(back->epoch == older);
}

TEST_CASE(
    "a fresh start over older checkpoints is a checkpoint of its own, and the newest from then on "
    "(P5)") {
  temp_directory dir;
  started_job job(dir);
  REQUIRE(job.choose(ordinary()));
  job.checkpoint(1);

  auto fresh = ordinary();
  fresh.fresh = true;
  const auto chosen =
      choose_start(*job.store.operator->(), plan_with(sink_kind::may_repeat), fresh,
                   job.store.term().fence, job.store.term().first_attempt, job.store.epoch(2));
  REQUIRE(chosen);
  CHECK(chosen->epoch == job.store.epoch(2));
  CHECK(chosen->kind == checkpoint_kind::initial);
  CHECK(chosen->tasks.empty());
  CHECK(job.choose(ordinary())->epoch == job.store.epoch(2));
}

TEST_CASE("--fresh and --from exclude each other, and --from needs checkpoints") {
  temp_directory dir;
  started_job job(dir);
  auto request = ordinary();
  request.from = epoch_id{1};
  CHECK(job.choose(request).error().code == error_code::not_found);
  request.fresh = true;
  CHECK(job.choose(request).error().code == error_code::invalid_argument);
}

TEST_CASE("a checkpoint that does not fit the program is refused, naming operator and state") {
  temp_directory dir;
  started_job job(dir);
  REQUIRE(job.choose(ordinary()));
  job.checkpoint(1);

  graph_builder other;
  const auto source = other.source("numbers");
  const auto count = other.operation("count", source);
  other.at(count).states.push_back({"seen", "string"});
  other.sink("out", count);
  const auto misfit =
      choose_start(*job.store.operator->(), other.make(), ordinary(), job.store.term().fence,
                   job.store.term().first_attempt, job.store.epoch(2));
  REQUIRE(!misfit);
  CHECK(misfit.error().code == error_code::incompatible);
  CHECK(misfit.error().message.find("operator 'count', state 'seen'") != std::string::npos);
}

}  // namespace
