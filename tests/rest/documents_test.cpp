// SPDX-License-Identifier: Apache-2.0
// Every document has exactly the fields of Flink's reference, and tells of them what was seen. Method: each path of the
// reference is asked for through the router, over a made-up look at a job; the fields are compared with the reference's.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "rest/observed_names.hpp"
#include "rest/router.hpp"
#include "tests/rest/asking.hpp"
#include "tests/rest/json_shape.hpp"
#include "tests/rest/reference_shapes.hpp"

namespace weir::rest {
namespace {

using nlohmann::ordered_json;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

void check_shape(const ordered_json& from, const std::string& shape) {
  json_shape expected(reference_shapes.at(shape), reference_shapes);
  INFO(shape);
  CHECK(joined(expected.differences(from)) == "");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  return at == text.npos ? text : text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("every path of the reference has exactly its fields, also below /v1") {
  asking job;
  const std::string vertex = vertex_id(*observed_word_count().identity->physical, 1);
  std::size_t paths = 0;
  for (const auto& [pattern, shape] : reference_shapes) {
    if (pattern.front() != '/') continue;
    ++paths;
    auto path = replaced(pattern, ":jobid", fake_job_id);
    path = replaced(replaced(path, ":vertexid", vertex), ":checkpointid", "9");
    path = replaced(path, ":taskmanagerid", fake_host().task_manager);
    check_shape(job.get(path), pattern);
    CHECK(job.get_text("/v1" + path) == job.get_text(path));
  }
  CHECK(paths == 27);
}

TEST_CASE("values of metrics, and what was asked for, have the fields of the reference") {
  asking job;
  const std::string path = "/jobs/" + fake_job_id;
  check_shape(job.get(path + "/metrics", {{"get", "numRestarts,runningTime"}}), "VALUES");
  check_shape(job.get("/jobs/metrics", {{"get", "numRestarts"}}), "AGGREGATED");
  const auto outcome_at = [&](const std::string& asked, const std::string& polled) {
    const auto begun = job.post(path + asked);
    check_shape(begun, "TRIGGERED");
    return path + polled + begun["request-id"].get<std::string>();
  };
  const auto done = outcome_at("/checkpoints", "/checkpoints/");
  check_shape(job.get(done), "IN_PROGRESS");
  job.job.end(1, epoch_id{12});
  check_shape(job.get(done), "TRIGGER_COMPLETED");
  const auto failed = outcome_at("/checkpoints", "/checkpoints/");
  job.job.end(2, error{error_code::timeout, "too slow"});
  check_shape(job.get(failed), "CHECKPOINT_FAILED");
  const auto stop = outcome_at("/stop", "/savepoints/");
  job.job.end(3, error{error_code::timeout, "too slow"});
  check_shape(job.get(stop), "STOP_FAILED");
}

TEST_CASE("a plan names its inputs, with the fields of the reference") {
  asking job;
  const auto plan = job.get("/jobs/" + fake_job_id + "/plan")["plan"];
  REQUIRE(plan["nodes"].size() == 2);
  CHECK(plan["nodes"][0]["inputs"].empty());
  check_shape(plan["nodes"][1]["inputs"][0], "INPUT");
  CHECK(plan["nodes"][1]["inputs"][0]["id"] == plan["nodes"][0]["id"]);
  CHECK(plan["nodes"][1]["inputs"][0]["ship_strategy"] == "REBALANCE");
  CHECK(plan["nodes"][1]["description"] == "count -> out");
}

TEST_CASE("the history holds what is in progress, completed and failed, the newest first") {
  asking job;
  const auto found = job.get("/jobs/" + fake_job_id + "/checkpoints");
  REQUIRE(found["history"].size() == 4);
  check_shape(found["history"][0], "PENDING");
  check_shape(found["history"][1], "COMPLETED");
  check_shape(found["history"][2], "FAILED");
  CHECK(found["history"][0]["num_acknowledged_subtasks"] == 1);
  CHECK(found["history"][2]["failure_message"] == "count/0 has not acked");
  CHECK(found["counts"]["total"] == 4);
  CHECK(found["summary"]["state_size"]["min"] == 7000);
  CHECK(found["summary"]["state_size"]["max"] == 9000);
  CHECK(found["summary"]["state_size"]["avg"] == 8000);
  CHECK(found["latest"]["restored"]["id"] == 6);
}

TEST_CASE("a checkpoint in detail: its vertices, and the phases of their subtasks") {
  asking job;
  const std::string details = "/jobs/" + fake_job_id + "/checkpoints/details/";
  const std::string vertex = vertex_id(*observed_word_count().identity->physical, 1);
  check_shape(job.get(details + "10"), "PENDING");
  check_shape(job.get(details + "8"), "FAILED");
  const auto found = job.get(details + "9/subtasks/" + vertex);
  REQUIRE(found["subtasks"].size() == 2);
  CHECK(found["subtasks"][1]["alignment"]["duration"] == 5);
  CHECK(found["subtasks"][1]["checkpoint"]["sync"] == 3);
  CHECK(found["summary"]["alignment"]["duration"]["max"] == 5);
  const auto pending = job.get(details + "8/subtasks/" + vertex);
  CHECK(pending["subtasks"][0] == ordered_json{{"index", 0}, {"status", "pending_or_failed"}});
  CHECK(job.ask("GET", details + "77").status == 404);
  CHECK(job.ask("GET", details + "x").status == 404);
  CHECK(job.ask("GET", details + "9/subtasks/" + fake_job_id).status == 404);
}

TEST_CASE("counts and times of a vertex are sums over its subtasks") {
  asking job;
  const auto found = job.get("/jobs/" + fake_job_id);
  const auto& io = found["vertices"][1]["metrics"];
  CHECK(io["read-records"] == 102 + 103);
  CHECK(io["write-bytes"] == 20'002 + 20'003);
  CHECK(io["accumulated-busy-time"] == 6000);
  CHECK(found["vertices"][1]["status"] == "RUNNING");
  CHECK(found["status-counts"]["RUNNING"] == 4);
  CHECK(found["timestamps"]["RUNNING"] == noon + 900);
  CHECK(found["timestamps"]["FAILED"] == 0);
}

TEST_CASE(
    "a vertex is finished when all its subtasks are, and as bad as the worst of them before") {
  using enum observed_task_state;
  asking job;
  const auto status_of = [&](observed_task_state first, observed_task_state second) {
    auto seen = observed_word_count();
    seen.tasks[2].state = first;
    seen.tasks[3].state = second;
    job.job.show(seen);
    return job.get("/jobs/" + fake_job_id)["vertices"][1]["status"].get<std::string>();
  };
  CHECK(status_of(finished, finished) == "FINISHED");
  CHECK(status_of(finished, running) == "RUNNING");
  CHECK(status_of(finished, canceled) == "CANCELED");
  CHECK(status_of(running, failed) == "FAILED");
  CHECK(status_of(running, initializing) == "INITIALIZING");
  CHECK(status_of(created, initializing) == "CREATED");
}

TEST_CASE("back pressure has Flink's levels, and a vertex that of its worst subtask") {
  asking job;
  auto seen = observed_word_count();
  seen.tasks[2].back_pressured_ms_per_second = 100;
  seen.tasks[3].back_pressured_ms_per_second = 501;
  job.job.show(seen);
  const std::string vertex = vertex_id(*seen.identity->physical, 1);
  const auto found = job.get("/jobs/" + fake_job_id + "/vertices/" + vertex + "/backpressure");
  CHECK(found["subtasks"][0]["backpressureLevel"] == "ok");
  CHECK(found["subtasks"][1]["backpressureLevel"] == "high");
  CHECK(found["backpressureLevel"] == "high");
}

TEST_CASE("exceptions come newest first, at most as many as asked for, with weir's own fields") {
  asking job;
  const std::string path = "/jobs/" + fake_job_id + "/exceptions";
  const auto found = job.get(path);
  const auto& entry = found["exceptionHistory"]["entries"][0];
  CHECK(entry["taskName"] == "count/1");
  CHECK(entry["record"] == "00ff");
  CHECK(entry["restoredCheckpoint"] == 6);
  CHECK(entry["untilRunning"] == 14);
  CHECK(found["truncated"] == false);
  const auto one = job.get(path, {{"maxExceptions", "1"}});
  CHECK(one["exceptionHistory"]["entries"].size() == 1);
  CHECK(one["exceptionHistory"]["truncated"] == true);
  CHECK(job.ask("GET", path, {{"maxExceptions", "1000"}}).status == 200);
  for (const auto* wrong : {"-1", "x", "", "1001", "99999999999999999999"}) {
    CHECK(job.ask("GET", path, {{"maxExceptions", wrong}}).status == 400);
  }
}

TEST_CASE("ids of vertices are 32 digits, and do not depend on the parallelism") {
  const auto narrow = word_count_plan(1);
  const auto wide = word_count_plan(7);
  for (std::uint32_t chain = 0; chain < 2; ++chain) {
    CHECK(vertex_id(*narrow, chain).size() == 32);
    CHECK(vertex_id(*narrow, chain) == vertex_id(*wide, chain));
  }
  CHECK(vertex_id(*narrow, 0) != vertex_id(*narrow, 1));
}

TEST_CASE("a token is never told, and bytes that are no UTF-8 do not break a document") {
  auto seen = observed_word_count();
  seen.exceptions[0].why.message = "bad \xff byte";
  asking job(seen);
  CHECK(job.get_text("/jobs/" + fake_job_id + "/config").find("secret") == std::string::npos);
  CHECK(job.get_text("/jobmanager/config").find("secret") == std::string::npos);
  CHECK(job.get("/jobs/" + fake_job_id + "/exceptions").is_object());
}

TEST_CASE("metrics: bare a list of names, with get their values as texts") {
  asking job;
  const std::string vertex = "/jobs/" + fake_job_id + "/vertices/" +
                             vertex_id(*observed_word_count().identity->physical, 1);
  const auto one =
      job.get(vertex + "/subtasks/1/metrics", {{"get", "numRecordsIn,nothing,isBackPressured"}});
  CHECK(one == ordered_json::array({{{"id", "numRecordsIn"}, {"value", "103"}},
                                    {{"id", "isBackPressured"}, {"value", "false"}}}));
  const auto all = job.get(vertex + "/subtasks/metrics", {{"get", "numRecordsIn"}});
  CHECK(all[0]["min"] == 102);
  CHECK(all[0]["max"] == 103);
  CHECK(all[0]["sum"] == 205);
  CHECK(all[0]["avg"] == 102.5);
  const auto sum = job.get(vertex + "/subtasks/metrics",
                           {{"get", "numRecordsIn"}, {"agg", "sum"}, {"subtasks", "1-1"}});
  CHECK(sum == ordered_json::array({{{"id", "numRecordsIn"}, {"sum", 103.0}}}));
  const auto whole = job.get(vertex + "/metrics", {{"get", "1.numRecordsIn"}});
  CHECK(whole == ordered_json::array({{{"id", "1.numRecordsIn"}, {"value", "103"}}}));
  CHECK(job.get("/jobs/metrics", {{"get", "numRestarts"}})[0]["max"] == 1);
  CHECK(job.ask("GET", vertex + "/subtasks/metrics", {{"subtasks", "5-9"}}).status == 400);
  CHECK(job.ask("GET", vertex + "/subtasks/metrics", {{"subtasks", "x"}}).status == 400);
  CHECK(job.ask("GET", vertex + "/subtasks/metrics", {{"agg", "median"}}).status == 400);
  CHECK(job.ask("GET", vertex + "/subtasks/2/metrics").status == 404);
  CHECK(job.ask("GET", "/taskmanagers/nobody").status == 404);
  CHECK(job.get(vertex + "/metrics", {{"get", "11.numRecordsIn"}}).empty());
  CHECK(job.ask("GET", "/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace weir::rest
