// SPDX-License-Identifier: Apache-2.0
// Specifies how a plan of faults is read and what it refuses; and, by example and from a seed, when a fault of it hits.
#include "dataflow/fault_plan.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataflow/fault_injector.hpp"
#include "tests/dataflow/graph_builder.hpp"

namespace {

using namespace weir;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

/// lines/0, count/0 and count/1, out/0: tasks 0, 1, 2, 3.
std::shared_ptr<const plan> small_plan() {
  graph_builder job;
  const auto lines = job.source("lines");
  const auto count = job.operation("count", lines, partitioning::key);
  job.at(lines).parallelism = 1;
  job.at(count).parallelism = 2;
  job.sink("out", count);
  return std::make_shared<const plan>(job.make({}));
}
constexpr task_id lines_0{0}, count_0{1}, count_1{2};

std::shared_ptr<fault_injector> inject(const std::string& text, std::uint64_t seed = 1) {
  auto made = fault_injector::make(parse_fault_plan(text).value(), small_plan(), seed);
  REQUIRE_MESSAGE(made, made.error().text());
  return *made;
}

/// The faults that hit.
strings after_batch(fault_injector& faults, task_id task, std::uint64_t records) {
  strings hit;
  faults.of(task)->on_batch(records, [&](const fault_spec& one) { hit.push_back(one.text); });
  return hit;
}
strings in_phase(fault_injector& faults, task_id task, fault_phase now, std::uint64_t epoch) {
  strings hit;
  faults.of(task)->on_phase(now, epoch_id{epoch},
                            [&](const fault_spec& one) { hit.push_back(one.text); });
  return hit;
}

/// The fault that hits the next write.
std::string at_write(write_faults& faults, std::optional<write_purpose> purpose = {}) {
  const auto* hit = faults.on_write(purpose);
  return hit == nullptr ? "" : hit->text;
}
write_purpose manifest_of(std::uint64_t epoch) {
  return {fault_phase::manifest, epoch_id{epoch}};
}
write_purpose chunk_of(std::uint64_t epoch) {
  return {fault_phase::writing, epoch_id{epoch}};
}

std::string refusal(const std::string& text) {
  const auto read = parse_fault_plan(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == error_code::invalid_argument);
  return read.error().message;
}

}  // namespace

TEST_CASE("a plan names faults, what selects them, and how often they hit") {
  const auto read = parse_fault_plan(
      " throw task=count/1 record=1000;kill epoch=3 phase=draining times=2 ;; "
      "slow for=20ms chance=0.25;hang;abort epoch=7;kill9 phase=committing chance=1 times=3;");
  REQUIRE_MESSAGE(read, read.error().text());
  const auto& plan = *read;
  REQUIRE(plan.size() == 6);
  CHECK(plan[0].text == "throw task=count/1 record=1000");
  CHECK(plan[0].kind == fault_kind::throw_exception);
  CHECK(plan[0].task == "count/1");
  CHECK(plan[0].record == 1000u);
  CHECK(plan[0].times == 1);
  CHECK(plan[1].kind == fault_kind::kill_actor);
  CHECK(plan[1].task == "*");
  CHECK(plan[1].epoch == epoch_id{3});
  CHECK(plan[1].phase == fault_phase::draining);
  CHECK(plan[1].times == 2);
  CHECK(plan[2].kind == fault_kind::slow);
  CHECK(plan[2].duration == 20ms);
  CHECK(plan[2].chance == 0.25);
  CHECK(plan[2].times == 0);
  CHECK(plan[3].kind == fault_kind::hang);
  CHECK_FALSE(plan[3].of_epoch());
  CHECK(plan[4].kind == fault_kind::abort_process);
  CHECK(plan[4].of_epoch());
  CHECK(plan[5].kind == fault_kind::kill_process);
  CHECK(plan[5].phase == fault_phase::committing);
  CHECK(plan[5].times == 3);
  CHECK(parse_fault_plan(" ; ")->empty());
}

TEST_CASE("what is wrong with a plan is named with its position and what was expected") {
  CHECK(refusal("throw; explode task=a/0") ==
        "at byte 7: \"explode\": expected throw, kill, hang, slow, abort, "
        "kill9, write_error, disk_full, torn_write or lost_write");
  CHECK(refusal("kill taks=a/0") ==
        "at byte 5: \"taks=a/0\": expected task=, disk=, record=, write=, "
        "epoch=, phase=, for=, times= or chance=");
  const std::pair<const char*, const char*> examples[] = {
      {"kill task", "expected task=, disk=, record="},
      {"kill task=", "expected operator/subtask, or * for any"},
      {"kill record=0", "expected a number of at least 1"},
      {"kill record=-1", "expected a number of at least 1"},
      {"kill record=18446744073709551616", "expected a number of at least 1"},
      {"kill epoch=x", "expected a number of at least 1"},
      {"kill times=1x", "expected a number of at least 1"},
      {"kill phase=sleeping", "expected aligning, draining, writing, manifest or committing"},
      {"kill phase=manifest", "expected slow, hang, abort or kill9, and no task="},
      {"kill9 phase=manifest task=count/0", "expected slow, hang, abort or kill9, and no task="},
      {"torn_write", "expected disk=store or disk=journal"},
      {"torn_write disk=floppy", "expected store or journal"},
      {"kill disk=store", "expected disk= with write_error, disk_full, torn_write or lost_write"},
      {"kill write=1", "expected write= with disk= only"},
      {"disk_full disk=store record=1", "expected write= instead of record= with disk="},
      {"disk_full disk=store write=1 epoch=1", "expected write=, or epoch= and phase=, not both"},
      {"disk_full disk=store task=count/0", "expected no task= with disk=store"},
      {"disk_full disk=store phase=draining", "expected phase=writing or phase=manifest"},
      {"disk_full disk=journal epoch=1", "expected write= with disk=journal"},
      {"disk_full disk=journal write=0", "expected a number of at least 1"},
      {"disk_full disk=journal for=1s", "expected for= with slow only"},
      {"kill chance=0", "expected a number above 0 and at most 1"},
      {"kill chance=1.1", "expected a number above 0 and at most 1"},
      {"kill chance=nan", "expected a number above 0 and at most 1"},
      {"slow for=0ms", "expected a duration of more than 0 and at most 1h"},
      {"slow for=2h", "expected a duration of more than 0 and at most 1h"},
      {"slow", "expected for=, such as for=20ms"},
      {"kill for=1ms", "expected for= with slow only"},
      {"kill record=1 record=2", "expected each selector once"},
      {"kill record=1 epoch=2", "expected record=, or epoch= and phase=, not both"}};
  for (const auto& [text, expected] : examples) {
    const auto found = refusal(text);
    CHECK_MESSAGE(found.find(expected) != std::string::npos, found);
  }
  std::string many;
  for (std::size_t i = 0; i <= planned_faults_max; ++i) many += "hang;";
  CHECK(refusal(many) == "at byte 320: \"hang\": expected at most 64 faults");
}

TEST_CASE("a fault hits the task that it names, in the batch with its record, once") {
  const auto faults = inject("throw task=count/1 record=100");
  CHECK(after_batch(*faults, lines_0, 1000).empty());
  CHECK(after_batch(*faults, count_0, 1000).empty());
  CHECK(after_batch(*faults, count_1, 99).empty());
  CHECK(faults->counts()[0].hits == 0);
  CHECK(after_batch(*faults, count_1, 1) == strings{"throw task=count/1 record=100"});
  CHECK(after_batch(*faults, count_1, 100).empty());
  faults->of(count_1)->begin_attempt();
  CHECK(after_batch(*faults, count_1, 1000).empty());
  CHECK(faults->counts()[0].hits == 1);
}

TEST_CASE("times counts over attempts and tasks, and each attempt counts its records anew") {
  const auto faults = inject("throw record=100 times=3");
  for (int attempt = 0; attempt < 2; ++attempt) {
    faults->of(count_0)->begin_attempt();
    CHECK(after_batch(*faults, count_0, 99).empty());
    CHECK(after_batch(*faults, count_0, 50).size() == 1);
    CHECK(after_batch(*faults, count_0, 50).empty());
  }
  CHECK(after_batch(*faults, count_1, 100).size() == 1);
  faults->of(count_0)->begin_attempt();
  CHECK(after_batch(*faults, count_0, 100).empty());
  CHECK(faults->counts()[0].hits == 3);
}

TEST_CASE("a fault hits at its epoch and phase; a phase that is told again is not met again") {
  const auto faults = inject("kill task=count/0 epoch=3 phase=draining times=9;hang epoch=4");
  CHECK(in_phase(*faults, count_0, fault_phase::draining, 2).empty());
  CHECK(in_phase(*faults, count_0, fault_phase::aligning, 3).empty());
  CHECK(in_phase(*faults, count_0, fault_phase::draining, 3).size() == 1);
  CHECK(in_phase(*faults, count_0, fault_phase::draining, 3).empty());
  CHECK(in_phase(*faults, count_0, fault_phase::committing, 3).empty());
  CHECK(after_batch(*faults, count_0, 1000).empty());
  CHECK(in_phase(*faults, lines_0, fault_phase::aligning, 4) == strings{"hang epoch=4"});
  CHECK(in_phase(*faults, lines_0, fault_phase::draining, 4).empty());
}

TEST_CASE("without a selector a fault hits at the first batch, also of a source") {
  const auto faults = inject("throw task=lines/0");
  CHECK(after_batch(*faults, lines_0, 0).size() == 1);
  CHECK(after_batch(*faults, lines_0, 0).empty());
}

TEST_CASE("chance is about that of the plan, and the same with the same seed") {
  const auto hits = [](std::uint64_t seed) {
    const auto faults = inject("slow for=1ms chance=0.1", seed);
    std::string pattern;
    for (int i = 0; i < 5000; ++i) {
      pattern += after_batch(*faults, count_0, 10).empty() ? '.' : 'x';
      pattern += after_batch(*faults, count_1, 10).empty() ? '.' : 'x';
    }
    CHECK(faults->counts()[0].hits > 800);
    CHECK(faults->counts()[0].hits < 1200);
    return pattern;
  };
  CHECK(hits(1) == hits(1));
  CHECK(hits(1) != hits(2));
}

TEST_CASE("a fault of a task that the job does not have, or of a source's record, is refused") {
  const auto refused = [](const std::string& text) {
    const auto made = fault_injector::make(*parse_fault_plan(text), small_plan(), 1);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == error_code::invalid_argument);
    return made.error().message;
  };
  CHECK(refused("hang task=cuont/0") ==
        "weir.injection.plan: fault \"hang task=cuont/0\": there is no task cuont/0; expected "
        "\"lines\"/0 to 0, \"count\"/0 to 1, \"out\"/0 to 0, an operator of theirs/subtask, or *");
  CHECK(refused("hang task=count/2").find("there is no task count/2") != std::string::npos);
  CHECK(refused("hang task=lines/0 record=5").find("a source's task takes no records") !=
        std::string::npos);
  CHECK(refused("disk_full disk=journal task=count/0").find("of a source with a journal") !=
        std::string::npos);
}

TEST_CASE("the task's part of a snapshot is written, and the manifest is the store's") {
  const auto faults = inject("kill phase=writing;abort epoch=4 phase=manifest");
  CHECK(in_phase(*faults, count_0, fault_phase::draining, 3).empty());
  CHECK(in_phase(*faults, count_0, fault_phase::writing, 3) == strings{"kill phase=writing"});
  CHECK(in_phase(*faults, count_0, fault_phase::manifest, 4).empty());
  strings hit;
  const auto strike = [&](const fault_spec& one) { hit.push_back(one.text); };
  faults->of_store()->on_purpose(chunk_of(4), strike);
  faults->of_store()->on_purpose(manifest_of(3), strike);
  CHECK(hit.empty());
  faults->of_store()->on_purpose(manifest_of(4), strike);
  CHECK(hit == strings{"abort epoch=4 phase=manifest"});
}

TEST_CASE("a fault of the store hits a write of its epoch and phase, or the write of its number") {
  const auto faults = inject(
      "write_error disk=store epoch=3 phase=manifest;disk_full disk=store phase=writing times=2;"
      "torn_write disk=store write=7");
  auto& store = *faults->of_store();
  CHECK(at_write(store).empty());                  // 1
  CHECK(at_write(store, manifest_of(2)).empty());  // 2
  CHECK(at_write(store, chunk_of(3)) == "disk_full disk=store phase=writing times=2");
  CHECK(at_write(store, manifest_of(3)) == "write_error disk=store epoch=3 phase=manifest");
  CHECK(at_write(store, manifest_of(3)).empty());  // 5
  CHECK(at_write(store, chunk_of(4)) == "disk_full disk=store phase=writing times=2");
  CHECK(at_write(store) == "torn_write disk=store write=7");
  CHECK(at_write(store, chunk_of(5)).empty());
  CHECK(at_write(*faults->of_journal(lines_0)).empty());
}

TEST_CASE("a fault of a journal hits the source's disk, by number or by chance") {
  const auto faults = inject(
      "lost_write disk=journal task=lines/0 write=2;write_error disk=journal chance=0.5 times=3");
  auto& journal = *faults->of_journal(lines_0);
  int errors = 0;
  for (int write = 1; write <= 1000; ++write) {
    const auto hit = at_write(journal);
    CHECK((hit.starts_with("lost_write") == (write == 2)));
    errors += hit.starts_with("write_error");
  }
  CHECK(errors == 3);
  CHECK(at_write(*faults->of_store()).empty());
}

TEST_CASE("a fault that comes while the job runs hits as one of the plan, and is counted") {
  const auto faults = inject("");
  CHECK(after_batch(*faults, count_0, 10).empty());
  CHECK(faults->inject("  throw task=count/0 record=20 "));
  CHECK(faults->inject("disk_full disk=store"));
  CHECK(after_batch(*faults, count_0, 5).empty());
  CHECK(after_batch(*faults, count_0, 5) == strings{"throw task=count/0 record=20"});
  CHECK(at_write(*faults->of_store()) == "disk_full disk=store");
  REQUIRE(faults->counts().size() == 2);
  CHECK(faults->counts()[0].hits == 1);
  CHECK(faults->counts()[1].text == "disk_full disk=store");

  const auto refused = [&](const std::string& text) { return faults->inject(text).error().text(); };
  CHECK(refused("") ==
        "invalid argument: fault: expected one, such as: throw task=count/1 "
        "record=1000");
  CHECK(refused("hang; hang").starts_with("invalid argument: fault: at byte 0: \"hang;\""));
  CHECK(refused(" hang record=x").starts_with("invalid argument: fault: at byte 6: \"record=x\""));
  CHECK(refused("hang task=a/0").starts_with("invalid argument: fault \"hang task=a/0\": there"));
  CHECK(faults->counts().size() == 2);
  for (std::size_t i = 2; i < injected_faults_max; ++i) CHECK(faults->inject("hang task=out/0"));
  CHECK(faults->inject("hang").error().code == error_code::limit);
}

TEST_CASE("faults come from many threads while tasks go on, and none is lost") {
  constexpr int threads = 4, each = 200;
  const auto faults = inject("");
  std::atomic<bool> more{true};
  std::uint64_t hits = 0;
  std::thread task([&] {
    while (more) hits += after_batch(*faults, count_0, 1).size();
    hits += after_batch(*faults, count_0, 1).size();
  });
  std::vector<std::thread> givers;
  for (int i = 0; i < threads; ++i) {
    givers.emplace_back([&] {
      for (int k = 0; k < each; ++k) REQUIRE(faults->inject("kill task=count/0"));
    });
  }
  for (auto& giver : givers) giver.join();
  more = false;
  task.join();
  CHECK(hits == threads * each);
}
