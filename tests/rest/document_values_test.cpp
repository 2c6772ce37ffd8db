// SPDX-License-Identifier: Apache-2.0
// What the documents say of a job: whole documents over a made-up look at one, in which each number is another one. The
// shapes of all documents: documents_test.cpp.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "rest/observed_names.hpp"
#include "rest/router.hpp"
#include "tests/rest/asking.hpp"

namespace weir::rest {
namespace {

using nlohmann::json;

const std::string job_path = "/jobs/" + fake_job_id;

std::string vertex_of(std::uint32_t chain) {
  return vertex_id(*observed_word_count().identity->physical, chain);
}

/// An answer, whose fields have no order.
json got(asking& job, const std::string& path) {
  return json::parse(job.get_text(path));
}

/// A look at the job after its end.
job_observation ended(observed_job_state how) {
  auto seen = observed_word_count();
  seen.state = how;
  seen.ended = noon + 50'000;
  seen.timestamps.emplace_back(how, seen.ended);
  for (auto& task : seen.tasks) {
    task.state = observed_task_state::finished;
    task.since = noon + 40'000 + task.task.value;
  }
  return seen;
}

job_observation configured(std::vector<std::pair<std::string, std::string>> settings) {
  auto seen = observed_word_count();
  auto identity = *seen.identity;
  identity.configuration = std::move(settings);
  seen.identity = std::make_shared<const job_identity>(std::move(identity));
  return seen;
}

}  // namespace

TEST_CASE("the overview counts one job, and slots that are taken while it runs") {
  asking job;
  CHECK(got(job, "/overview") == json::parse(R"({
    "taskmanagers": 1, "taskmanagers-blocked": 0, "slots-total": 2, "slots-available": 0,
    "slots-free-and-blocked": 0, "jobs-running": 1, "jobs-finished": 0, "jobs-cancelled": 0, "jobs-failed": 0,
    "flink-version": "weir 0.1.0", "flink-commit": ""})"));
  for (const auto& [state, field] : {std::pair{observed_job_state::finished, "jobs-finished"},
                                     std::pair{observed_job_state::canceled, "jobs-cancelled"},
                                     std::pair{observed_job_state::failed, "jobs-failed"}}) {
    job.job.show(ended(state));
    const auto found = got(job, "/overview");
    for (const auto* each : {"jobs-finished", "jobs-cancelled", "jobs-failed"}) {
      CHECK(found[each] == (each == std::string(field) ? 1 : 0));
    }
    CHECK(found["jobs-running"] == 0);
    CHECK(found["slots-available"] == 2);
  }
}

TEST_CASE("the job has its times, and those of its end when it is over") {
  asking job;
  auto entry = got(job, "/jobs/overview")["jobs"][0];
  CHECK(entry["tasks"]["total"] == 4);
  CHECK(entry["tasks"]["RUNNING"] == 4);
  entry.erase("tasks");
  CHECK(entry == json::parse(R"({
    "jid": "00112233445566778899aabbccddeeff", "name": "word-count", "state": "RUNNING",
    "start-time": 1700000000000, "end-time": -1, "duration": 60000, "last-modification": 1700000000900})"));
  job.job.show(ended(observed_job_state::failed));
  entry = got(job, "/jobs/overview")["jobs"][0];
  CHECK(entry["state"] == "FAILED");
  CHECK(entry["end-time"] == noon + 50'000);
  CHECK(entry["duration"] == 50'000);
  CHECK(entry["last-modification"] == noon + 50'000);
  const auto whole = got(job, job_path);
  CHECK(whole["duration"] == 50'000);
  CHECK(whole["vertices"][1]["end-time"] == noon + 40'003);
  CHECK(whole["vertices"][1]["duration"] == 40'003 - 900);
}

TEST_CASE("a vertex and its subtasks") {
  auto seen = observed_word_count();
  seen.tasks[2].attempt_began = noon + 800;
  seen.tasks[3].watermark = 77;
  seen.tasks[3].back_pressured_ms_per_second = 150;
  asking job(seen);
  auto entry = got(job, job_path)["vertices"][1];
  CHECK(entry["start-time"] == noon + 800);
  CHECK(entry["duration"] == 59'200);
  CHECK(entry["metrics"] == json::parse(R"({
    "read-bytes": 20005, "read-bytes-complete": true, "write-bytes": 40005, "write-bytes-complete": true,
    "read-records": 205, "read-records-complete": true, "write-records": 2005, "write-records-complete": true,
    "accumulated-backpressured-time": 4000, "accumulated-idle-time": 10000, "accumulated-busy-time": 6000})"));
  const auto path = job_path + "/vertices/" + vertex_of(1);
  auto subtask = got(job, path)["subtasks"][1];
  CHECK(subtask["status-duration"]["RUNNING"] == 59'000);
  CHECK(subtask["status-duration"]["FAILED"] == -1);
  CHECK(subtask["metrics"]["read-records"] == 103);
  subtask.erase("status-duration");
  subtask.erase("metrics");
  CHECK(subtask == json::parse(R"({
    "subtask": 1, "status": "RUNNING", "attempt": 3, "endpoint": "machine", "start-time": 1700000000900,
    "end-time": -1, "duration": 59100, "taskmanager-id": "machine-1"})"));
  CHECK(got(job, path + "/backpressure") == json::parse(R"({
    "status": "ok", "backpressureLevel": "low", "end-timestamp": 1700000060000, "subtasks": [
    {"subtask": 0, "attempt-number": 3, "backpressureLevel": "low", "ratio": 0.2, "idleRatio": 0.5, "busyRatio": 0.3},
    {"subtask": 1, "attempt-number": 3, "backpressureLevel": "low", "ratio": 0.15, "idleRatio": 0.5,
     "busyRatio": 0.3}]})"));
  CHECK(got(job, path + "/watermarks")[1] ==
        json::parse(R"({"id": "1.currentInputWatermark", "value": "77"})"));
}

TEST_CASE("back pressure is low above a tenth, and high above a half") {
  asking job;
  for (const auto& [time, level] : {std::pair{100.0, "ok"}, std::pair{101.0, "low"},
                                    std::pair{500.0, "low"}, std::pair{501.0, "high"}}) {
    auto seen = observed_word_count();
    seen.tasks[2].back_pressured_ms_per_second = time;
    seen.tasks[3].back_pressured_ms_per_second = 0;
    job.job.show(seen);
    CHECK(got(job, job_path + "/vertices/" + vertex_of(1) + "/backpressure")["backpressureLevel"] ==
          level);
  }
}

TEST_CASE("each way to partition has its name in the plan") {
  using enum partitioning;
  for (const auto& [how, name] :
       {std::pair{key, "HASH"}, std::pair{broadcast, "BROADCAST"},
        std::pair{rebalance, "REBALANCE"}, std::pair{forward, "FORWARD"}}) {
    graph_builder made;
    made.sink("out", made.source("lines"), how);
    auto options = plan_options{};
    options.chaining = false;
    auto seen = observed_word_count();
    auto identity = *seen.identity;
    identity.physical = std::make_shared<const plan>(made.make(options));
    seen.identity = std::make_shared<const job_identity>(std::move(identity));
    asking job(std::move(seen));
    CHECK(got(job, job_path + "/plan")["plan"]["nodes"][1]["inputs"][0]["ship_strategy"] == name);
  }
}

TEST_CASE("a checkpoint and what one vertex did for it") {
  asking job;
  auto nine = got(job, job_path + "/checkpoints/details/9");
  CHECK(nine["tasks"][vertex_of(1)] == json::parse(R"({
    "id": 9, "status": "COMPLETED", "latest_ack_timestamp": 1700000009013, "checkpointed_size": 45,
    "state_size": 405, "end_to_end_duration": 13, "alignment_buffered": 0, "processed_data": 0,
    "persisted_data": 0, "num_subtasks": 2, "num_acknowledged_subtasks": 2})"));
  nine.erase("tasks");
  CHECK(nine == json::parse(R"({
    "className": "completed", "id": 9, "status": "COMPLETED", "is_savepoint": false, "savepointFormat": null,
    "trigger_timestamp": 1700000009000, "latest_ack_timestamp": 1700000009040, "checkpointed_size": 900,
    "state_size": 9000, "end_to_end_duration": 50, "alignment_buffered": 0, "processed_data": 0,
    "persisted_data": 0, "num_subtasks": 4, "num_acknowledged_subtasks": 4, "checkpoint_type": "CHECKPOINT",
    "external_path": "weir-state/word-count#9", "discarded": false})"));
  const auto eight = got(job, job_path + "/checkpoints/details/8");
  CHECK(eight["failure_timestamp"] == noon + 8'050);
  CHECK(eight["num_acknowledged_subtasks"] == 1);
  CHECK(eight["tasks"][vertex_of(0)]["num_acknowledged_subtasks"] == 1);
  CHECK(eight["tasks"][vertex_of(1)]["latest_ack_timestamp"] == -1);
}

TEST_CASE("the subtasks of a vertex in a checkpoint, and their summary") {
  asking job;
  const auto of = [&](const std::string& id) {
    return got(job, job_path + "/checkpoints/details/" + id + "/subtasks/" + vertex_of(1));
  };
  const auto nine = of("9");
  CHECK(nine["subtasks"][1] == json::parse(R"({
    "index": 1, "status": "completed", "ack_timestamp": 1700000009013, "end_to_end_duration": 13,
    "checkpointed_size": 23, "state_size": 203, "checkpoint": {"sync": 3, "async": 4},
    "alignment": {"buffered": 0, "processed": 0, "persisted": 0, "duration": 5}, "start_delay": 1,
    "unaligned_checkpoint": false, "aborted": false})"));
  const auto& summary = nine["summary"];
  CHECK(summary["state_size"]["max"] == 203);
  CHECK(summary["checkpointed_size"]["max"] == 23);
  CHECK(summary["end_to_end_duration"]["min"] == 12);
  CHECK(summary["checkpoint_duration"]["sync"]["avg"] == 3);
  CHECK(summary["checkpoint_duration"]["async"]["avg"] == 4);
  CHECK(summary["start_delay"]["max"] == 1);

  auto seen = observed_word_count();
  seen.checkpoints.entries[1] = checkpoint_of(8, observed_checkpoint_state::failed, 4, 4);
  job.job.show(seen);
  CHECK(of("8")["subtasks"][0]["aborted"] == true);
}

TEST_CASE("complete checkpoints are discarded when enough newer ones are") {
  auto seen = observed_word_count();
  auto& entries = seen.checkpoints.entries;
  entries.push_back(checkpoint_of(5, observed_checkpoint_state::completed, 4, 4));
  asking job(seen);
  const auto discarded = [&](const char* id) {
    return got(job, job_path + "/checkpoints/details/" + id)["discarded"].get<bool>();
  };
  CHECK(!discarded("9"));
  CHECK(!discarded("7"));
  CHECK(discarded("5"));
  auto more = configured({{"execution.checkpointing.num-retained", "3"}});
  more.checkpoints = seen.checkpoints;
  job.job.show(more);
  CHECK(!discarded("5"));
}

TEST_CASE(
    "the last complete and the last failed checkpoint are found when the history has lost them") {
  auto seen = observed_word_count();
  seen.checkpoints.entries.clear();
  asking job(seen);
  CHECK(got(job, job_path + "/checkpoints/details/9")["id"] == 9);
  CHECK(got(job, job_path + "/checkpoints/details/8")["id"] == 8);
  CHECK(job.ask("GET", job_path + "/checkpoints/details/7").status == 404);
  CHECK(got(job, job_path + "/checkpoints")["latest"]["restored"] == json::parse(R"({
    "id": 6, "restore_timestamp": 1700000000800, "is_savepoint": false,
    "external_path": "weir-state/word-count#6"})"));
}

TEST_CASE("settings are the effective ones, and else the defaults") {
  asking job(configured({}));
  const std::string path = job_path + "/checkpoints/config";
  const auto defaults = json::parse(R"({
    "mode": "exactly_once", "interval": 1000, "timeout": 600000, "min_pause": 0, "max_concurrent": 1,
    "externalization": {"enabled": true, "delete_on_cancellation": false}, "state_backend": "memory",
    "checkpoint_storage": "filesystem", "unaligned_checkpoints": false, "tolerable_failed_checkpoints": 3,
    "aligned_checkpoint_timeout": 0, "checkpoints_after_tasks_finish": true, "state_changelog_enabled": false})");
  CHECK(got(job, path) == defaults);
  CHECK(got(job, "/config")["refresh-interval"] == 3000);
  CHECK(got(job, "/config")["features"]["web-cancel"] == true);
  auto config = got(job, job_path + "/config")["execution-config"];
  CHECK(config["restart-strategy"] == "exponential-delay");
  CHECK(config["job-parallelism"] == 1);

  const std::string prefix = "execution.checkpointing.";
  job.job.show(configured({{prefix + "mode", "AT_LEAST_ONCE"},
                           {prefix + "interval", "7 s"},
                           {prefix + "timeout", "8 s"},
                           {prefix + "min-pause", "9 ms"},
                           {prefix + "tolerable-failed-checkpoints", "5"},
                           {"restart-strategy.type", "none"},
                           {"parallelism.default", "4"},
                           {"web.refresh-interval", "2 s"},
                           {"web.cancel.enable", "false"}}));
  auto set = defaults;
  set["mode"] = "at_least_once";
  set["interval"] = 7000;
  set["timeout"] = 8000;
  set["min_pause"] = 9;
  set["tolerable_failed_checkpoints"] = 5;
  CHECK(got(job, path) == set);
  config = got(job, job_path + "/config")["execution-config"];
  CHECK(config["restart-strategy"] == "none");
  CHECK(config["job-parallelism"] == 4);
  CHECK(got(job, "/config")["refresh-interval"] == 2000);
  CHECK(got(job, "/config")["features"]["web-cancel"] == false);
}

TEST_CASE("exceptions in both forms; those that were forgotten are not hidden") {
  auto seen = observed_word_count();
  seen.exceptions[1].when = noon + 600;
  seen.exceptions[1].why.message = "older";
  asking job(seen);
  auto found = got(job, job_path + "/exceptions");
  CHECK(found["root-exception"] == "exception in user code: std::runtime_error: boom");
  CHECK(found["timestamp"] == noon + 700);
  CHECK(found["all-exceptions"][1] == json::parse(R"({
    "exception": "exception in user code: older", "task": "count/1", "location": "machine",
    "endpoint": "machine", "timestamp": 1700000000600, "taskManagerId": "machine-1"})"));
  seen.exceptions_truncated = true;
  seen.exceptions.resize(1);
  seen.exceptions[0].record.reset();
  seen.exceptions[0].restored_to.reset();
  seen.exceptions[0].task.clear();
  job.job.show(seen);
  found = got(job, job_path + "/exceptions")["exceptionHistory"];
  CHECK(found["truncated"] == true);
  for (const auto* field : {"record", "restoredCheckpoint", "taskName"}) {
    CHECK(found["entries"][0][field].is_null());
  }
  seen.exceptions.resize(17, seen.exceptions[0]);
  seen.exceptions.resize(21, seen.exceptions[0]);
  job.job.show(seen);
  CHECK(got(job, job_path + "/exceptions")["all-exceptions"].size() == 20);
}

TEST_CASE("the process as a task manager, whose slots are free when the job is over") {
  asking job;
  auto found = got(job, "/taskmanagers/machine-1");
  CHECK(found["slotsNumber"] == 2);
  CHECK(found["freeSlots"] == 0);
  CHECK(found["allocatedSlots"].size() == 2);
  CHECK(found["hardware"]["physicalMemory"] == 1 << 30);
  CHECK(found["hardware"]["freeMemory"] == (1 << 30) - (64 << 20));
  CHECK(found["metrics"]["residentMemory"] == 64 << 20);
  job.job.show(ended(observed_job_state::finished));
  found = got(job, "/taskmanagers/machine-1");
  CHECK(found["freeSlots"] == 2);
  CHECK(found["allocatedSlots"].empty());
}

}  // namespace weir::rest
