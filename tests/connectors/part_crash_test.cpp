// SPDX-License-Identifier: Apache-2.0
// Specifies the file sink core (P17) on a disk that a test crashes at every single operation, before, inside and after it,
// by kill -9 and by loss of power (seeded), and again while it recovers: each record is visible exactly once.
//
// Not simulated: a disk that loses what it was told to sync.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "connectors/part_files.hpp"
#include "simulation/faulty_parts.hpp"
#include "tests/support/seed.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// A sink of one subtask and the checkpoints of its job: what is complete survives every crash.
class sink_job {
 public:
  explicit sink_job(std::shared_ptr<faulty_parts> on) : on_(std::move(on)) {}

  /// One attempt: from the last checkpoint to the end, or to a crash (false).
  bool run() {
    part_files_options options;
    options.directory = "out";
    options.storage = on_;
    options.sink = {"part", "sink"};
    options.attempt = {++attempt_};
    options.roll_bytes = 40;  // several files an epoch
    auto parts = part_files::open(std::move(options));
    if (!parts) return false;
    const auto recovered = parts->recover(intents_);
    if (!recovered || !parts->commit(recovered->claimed)) return false;
    auto unconfirmed = intents_;
    unconfirmed.clear();
    for (std::uint64_t epoch = complete_ + 1; epoch <= epochs; ++epoch) {
      for (int i = 0; i < records_of(epoch); ++i) {
        if (!parts->append(record(epoch, i), 0ns)) return false;
      }
      auto prepared = parts->prepare({epoch});
      if (!prepared) return false;
      unconfirmed.insert(unconfirmed.end(), prepared->begin(), prepared->end());
      complete_ = epoch;  // the manifest is durable now
      intents_ = unconfirmed;
      if (epoch % 4 == 0) continue;  // the commit comes with that of the next one
      if (!parts->commit(unconfirmed)) return false;
      unconfirmed.clear();
    }
    return true;
  }

  std::string visible() const {
    std::string text;
    for (const auto& [name, content] : on_->storage().entries()) {
      if (parse_final(name)) text += content->bytes;
    }
    return text;
  }
  std::size_t hidden() const {
    std::size_t found = 0;
    for (const auto& [name, content] : on_->storage().entries()) found += !parse_final(name);
    return found;
  }
  static std::string expected() {
    std::string text;
    for (std::uint64_t epoch = 1; epoch <= epochs; ++epoch) {
      for (int i = 0; i < records_of(epoch); ++i) text += record(epoch, i);
    }
    return text;
  }

 private:
  static constexpr std::uint64_t epochs = 5;
  /// None in some epochs: then no later preparation syncs what a commit has renamed.
  static int records_of(std::uint64_t epoch) { return epoch == 3 || epoch == epochs ? 0 : 6; }
  static std::string record(std::uint64_t epoch, int i) {
    return "epoch " + std::to_string(epoch) + " record " + std::to_string(i) + "\n";
  }

  std::shared_ptr<faulty_parts> on_;
  // what the job's checkpoints say
  std::uint64_t complete_ = 0;
  std::vector<commit_intent> intents_;
  std::uint64_t attempt_ = 0;
};

std::shared_ptr<faulty_parts> new_disk() {
  return std::make_shared<faulty_parts>(std::make_shared<disk_fate>(), "out", 1);
}

void restart(faulty_storage& on, bool power, std::mt19937_64& random) {
  power ? on.restart_machine(random) : on.restart_process();
}

constexpr crash_phase phases[] = {crash_phase::before, crash_phase::inside, crash_phase::after};

}  // namespace

TEST_CASE("a crash at any operation, and at any operation of the recovery: each record once") {
  std::mt19937_64 random(print_seed());
  const auto calm = new_disk();
  sink_job without(calm);
  REQUIRE(without.run());
  REQUIRE(without.visible() == sink_job::expected());
  const std::uint64_t operations = calm->storage().operations();
  REQUIRE(operations > 40);
  std::uint64_t hits = 0;
  for (std::uint64_t at = 0; at < operations; ++at) {
    for (const crash_phase phase : phases) {
      for (std::uint64_t way = 0; way < 12; ++way) {
        const auto disk = new_disk();
        sink_job job(disk);
        disk->storage().crash_at(at, phase);
        REQUIRE_FALSE(job.run());
        hits += disk->storage().crashed();
        restart(disk->storage(), way > 0, random);
        if (way > 2) {
          disk->storage().crash_at(random() % 8, phases[random() % 3]);
          if (!job.run()) restart(disk->storage(), way > 4, random);
          disk->storage().no_crash();
        }
        REQUIRE(job.run());
        REQUIRE(job.visible() == sink_job::expected());
        disk->storage().restart_machine(random);
        REQUIRE(job.run());
        REQUIRE(job.visible() == sink_job::expected());
        REQUIRE(job.hidden() == 0);
      }
    }
  }
  CHECK(hits == operations * 36);
}
