// SPDX-License-Identifier: Apache-2.0
// Whole jobs in this process, through the public API: what comes out is what went in, counted once, also when tasks throw
// or their actors are ended. The faults are asserted to have hit live work.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/scratch_directory.hpp"
#include "weir/weir.hpp"

namespace {

struct hit {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};
WEIR_RECORD(hit, key, value)

struct counted {
  std::uint64_t key = 0;
  std::int64_t count = 0;
};
WEIR_RECORD(counted, key, count)

constexpr std::uint64_t keys = 1000;

hit make_hit(std::uint64_t seq) {
  return {seq * 2654435761u % keys, seq};
}

/// Counts hits by key, and throws once at a chosen number of records.
struct count_hits final : weir::keyed_process<std::uint64_t, hit, counted> {
  explicit count_hits(std::shared_ptr<std::atomic<std::int64_t>> fuse = {})
      : fuse_(std::move(fuse)) {}

  weir::value_state<std::int64_t> seen{*this, "seen", 0};

  void process(const hit& record, context&, weir::collector<counted>& out) override {
    if (fuse_ && fuse_->fetch_sub(1) == 1) throw std::runtime_error("the fuse has burnt");
    seen.update(seen.value() + 1);
    out.emit({record.key, seen.value()});
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> fuse_;
};

/// Every key's counts are 1, 2, ..., n without gap or repeat.
void check_counts(const std::vector<counted>& output, std::uint64_t records) {
  CHECK(output.size() == records);
  std::map<std::uint64_t, std::vector<std::int64_t>> by_key;
  for (const auto& one : output) by_key[one.key].push_back(one.count);
  for (auto& [key, counts] : by_key) {
    std::sort(counts.begin(), counts.end());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      REQUIRE_MESSAGE(counts[i] == static_cast<std::int64_t>(i + 1), "key ", key);
    }
  }
}

std::shared_ptr<weir::collected<counted>> build(
    weir::environment& env, std::uint64_t records,
    std::shared_ptr<std::atomic<std::int64_t>> fuse = {}, double rate = 0) {
  auto output = std::make_shared<weir::collected<counted>>();
  env.from("hits", weir::generate(make_hit).count(records).rate(rate))
      .key_by([](const hit& h) -> const std::uint64_t& { return h.key; })
      .process<count_hits>("count", fuse)
      .to("out", weir::collect_sink(output));
  return output;
}

}  // namespace

TEST_CASE("a job without faults counts every record once") {
  for (const char* parallelism : {"1", "2", "3"}) {
    weir::scratch_directory state;
    weir::environment env("counts");
    env.set("state.dir", state.path() / "state").set("parallelism.default", parallelism);
    const auto output = build(env, 200'000);
    auto job = env.execute();
    REQUIRE_MESSAGE(job, job.error().text());
    const auto report = job->wait();
    CHECK_MESSAGE(report.state == weir::job_state::finished,
                  (report.failure ? report.failure->text() : ""));
    check_counts(output->records(), 200'000);
  }
}

TEST_CASE("a job whose operator throws starts again from its last checkpoint") {
  weir::scratch_directory state;
  weir::environment env("counts");
  env.set("state.dir", state.path() / "state").set("parallelism.default", "2");
  env.set("execution.checkpointing.interval", "20 ms");
  auto fuse = std::make_shared<std::atomic<std::int64_t>>(150'000);
  const auto output = build(env, 300'000, fuse, 500'000);
  auto job = env.execute();
  REQUIRE_MESSAGE(job, job.error().text());
  const auto report = job->wait();
  CHECK(report.state == weir::job_state::finished);
  CHECK(report.restarts == 1);
  CHECK(fuse->load() < 0);
  check_counts(output->records(), 300'000);
}

TEST_CASE("a job whose task's actor is ended starts again from its last checkpoint") {
  weir::scratch_directory state;
  weir::environment env("counts");
  env.set("state.dir", state.path() / "state").set("parallelism.default", "2");
  env.set("execution.checkpointing.interval", "10 ms");
  const auto output = build(env, 300'000, {}, 500'000);
  auto job = env.execute();
  REQUIRE_MESSAGE(job, job.error().text());
  while (job->status().checkpoints_completed < 5) std::this_thread::yield();
  CHECK(job->crash_task("count/1"));
  while (job->status().restarts < 1) std::this_thread::yield();
  CHECK(job->crash_task("hits/0"));
  const auto report = job->wait();
  CHECK(report.state == weir::job_state::finished);
  CHECK(report.restarts == 2);
  check_counts(output->records(), 300'000);
}
