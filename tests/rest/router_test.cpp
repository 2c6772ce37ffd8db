// SPDX-License-Identifier: Apache-2.0
// The router: what is asked wrongly is refused with a reason, what changes the job needs the right to, and what takes time
// is begun once and polled. Method: requests as values, over a fake job.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "rest/access_rules.hpp"
#include "rest/observed_names.hpp"
#include "tests/rest/asking.hpp"

namespace weir::rest {
namespace {

const std::string job_path = "/jobs/" + fake_job_id;

std::string first_error(const rest_response& of) {
  return nlohmann::json::parse(of.body)["errors"][0];
}

}  // namespace

TEST_CASE("unknown paths, jobs and vertices are 404 with a reason") {
  asking job;
  for (const std::string& path : std::initializer_list<std::string>{
           "/", "/nothing", "/jobs/overview/x", "/jobs/" + std::string(32, '0'),
           job_path + "/nothing", job_path + "/vertices/" + fake_job_id,
           "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s", "/v1", "/v2/jobs", "/taskmanagers/nobody"}) {
    INFO(path);
    const auto answer = job.ask("GET", path);
    CHECK(answer.status == 404);
    CHECK(!first_error(answer).empty());
  }
}

TEST_CASE("channels are shown for a task, and for the job when they are not too many") {
  asking job;
  const std::string label = "task_name=\"lines -> split\"";
  CHECK(job.get_text("/metrics/channels").find(label) != std::string::npos);
  const auto of_one = job.get_text("/metrics/channels", {{"task", "count/1"}});
  CHECK(of_one.find("subtask_index=\"1\"") != std::string::npos);
  CHECK(of_one.find(label) == std::string::npos);
  CHECK(job.ask("GET", "/metrics/channels", {{"task", "nobody/1"}}).status == 404);
  CHECK(job.ask("GET", "/metrics/channels", {{"task", ""}}).status == 404);
  const auto vertex =
      job_path + "/vertices/" + vertex_id(*observed_word_count().identity->physical, 0);
  CHECK(job.get(vertex + "/subtasks/1/channels")["subtask"] == 1);
  CHECK(job.ask("GET", vertex + "/subtasks/2/channels").status == 404);

  auto seen = observed_word_count();
  seen.tasks[0].outputs.resize(1022, seen.tasks[0].outputs[0]);  // and one of each other task
  seen.tasks[2].outputs.clear();
  CHECK(asking(seen).ask("GET", "/metrics/channels").status == 200);
  seen.tasks[2].outputs.push_back(seen.tasks[0].outputs[0]);
  const auto refused = asking(seen).ask("GET", "/metrics/channels");
  CHECK(refused.status == 400);
  CHECK(first_error(refused).find("1025 channels") != std::string::npos);
  CHECK(asking(seen).ask("GET", "/metrics/channels", {{"task", "count/1"}}).status == 200);
}

TEST_CASE("a wrong method is 405 and names the right ones") {
  asking job;
  const auto answer = job.ask("POST", "/overview");
  CHECK(answer.status == 405);
  CHECK(answer.allow == "GET");
  CHECK(job.ask("DELETE", job_path).allow == "GET, PATCH");
  CHECK(job.ask("PUT", job_path + "/stop").allow == "POST");
  CHECK(job.ask("OPTIONS", job_path + "/stop").status == 405);
  CHECK(job.ask("HEAD", "/overview").status == 200);
  CHECK(job.job.stops == 0);
}

TEST_CASE("cancel") {
  asking job;
  CHECK(job.ask("PATCH", job_path, {{"mode", "cancel"}}).status == 202);
  CHECK(job.job.cancels == 1);
  CHECK(job.ask("PATCH", job_path, {{"mode", "stop"}}).status == 400);
  CHECK(job.job.cancels == 1);
}

TEST_CASE("a checkpoint is begun once for an id, and polled until it is over") {
  asking job;
  const std::string id(32, 'a');
  const std::string body = R"({"triggerId": ")" + id + R"(", "checkpointType": "CONFIGURED"})";
  CHECK(job.post(job_path + "/checkpoints", body)["request-id"] == id);
  CHECK(job.post(job_path + "/checkpoints", body)["request-id"] == id);
  CHECK(job.job.checkpoints == 1);
  CHECK(job.get(job_path + "/checkpoints/" + id)["status"]["id"] == "IN_PROGRESS");

  job.job.end(1, epoch_id{12});
  const auto found = job.get(job_path + "/checkpoints/" + id);
  CHECK(found["status"]["id"] == "COMPLETED");
  CHECK(found["operation"]["checkpointId"] == 12);
  CHECK(job.ask("GET", job_path + "/savepoints/" + id).status == 404);
}

TEST_CASE("a failed checkpoint, and a job that refuses, say why") {
  asking job;
  const std::string id = job.post(job_path + "/checkpoints")["request-id"];
  job.job.end(1, error{error_code::timeout, "count/0 has not acked"});
  const auto cause = job.get(job_path + "/checkpoints/" + id)["operation"]["failureCause"];
  CHECK(cause["stack-trace"] == "timeout: count/0 has not acked");

  job.job.refuses = true;
  const std::string refused = job.post(job_path + "/stop")["request-id"];
  const auto found = job.get(job_path + "/savepoints/" + refused);
  CHECK(found["status"]["id"] == "COMPLETED");
  CHECK(found["operation"].contains("failure-cause"));
}

TEST_CASE("outcomes are kept for their time, and no longer") {
  asking job;
  const std::string id = job.post(job_path + "/stop", R"({"drain": true})")["request-id"];
  job.now += std::chrono::hours(1);
  CHECK(job.get(job_path + "/savepoints/" + id)["status"]["id"] == "IN_PROGRESS");
  job.job.end(1, epoch_id{12});
  CHECK(job.get(job_path + "/savepoints/" + id)["status"]["id"] == "COMPLETED");
  job.now += std::chrono::minutes(5);
  CHECK(job.ask("GET", job_path + "/savepoints/" + id).status == 200);
  job.now += std::chrono::seconds(1);
  CHECK(job.ask("GET", job_path + "/savepoints/" + id).status == 404);
}

TEST_CASE("at most so many requests are remembered; those in progress are not forgotten") {
  asking job;
  for (std::size_t i = 0; i < trigger_table::triggers_max; ++i) {
    CHECK(job.ask("POST", job_path + "/checkpoints").status == 202);
  }
  CHECK(job.ask("POST", job_path + "/checkpoints").status == 503);
  job.job.end(7, epoch_id{12});
  CHECK(job.ask("POST", job_path + "/checkpoints").status == 202);
  CHECK(job.job.checkpoints == static_cast<int>(trigger_table::triggers_max) + 1);
}

TEST_CASE("of the requests that are over, the one that has been so for longest gives way") {
  asking job;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < trigger_table::triggers_max; ++i) {
    ids.push_back(job.post(job_path + "/checkpoints")["request-id"]);
  }
  job.job.end(9, epoch_id{1});
  CHECK(job.ask("GET", job_path + "/checkpoints/" + ids[8]).status == 200);
  job.now += std::chrono::seconds(1);
  job.job.end(3, epoch_id{2});
  CHECK(job.ask("GET", job_path + "/checkpoints/" + ids[2]).status == 200);
  job.now += std::chrono::seconds(1);
  CHECK(job.ask("POST", job_path + "/checkpoints").status == 202);
  CHECK(job.ask("GET", job_path + "/checkpoints/" + ids[8]).status == 404);
  CHECK(job.ask("GET", job_path + "/checkpoints/" + ids[2]).status == 200);
}

TEST_CASE("what has come out and was not heard is still to be told, until it is forgotten") {
  asking job;
  CHECK(job.answers.unanswered() == 0);
  const std::string id = job.post(job_path + "/stop")["request-id"];
  CHECK(job.get(job_path + "/savepoints/" + id)["status"]["id"] == "IN_PROGRESS");
  CHECK(job.answers.unanswered() == 1);
  job.job.end(1, epoch_id{12});
  for (int i = 0; i < 2; ++i) {
    CHECK(job.ask("GET", job_path + "/savepoints/" + id).status == 200);
    CHECK(job.answers.unanswered() == 0);
  }
  job.post(job_path + "/checkpoints");
  job.job.end(2, epoch_id{13});
  CHECK(job.ask("GET", job_path + "/savepoints/" + id).status == 200);  // seen to be over
  CHECK(job.answers.unanswered() == 1);
  job.now += std::chrono::hours(1);
  CHECK(job.ask("GET", job_path + "/savepoints/" + id).status == 404);
  CHECK(job.answers.unanswered() == 0);
}

TEST_CASE("an id is of one kind of request") {
  asking job;
  const std::string body = R"({"triggerId": ")" + std::string(32, 'a') + R"("})";
  job.post(job_path + "/checkpoints", body);
  const auto refused = job.ask("POST", job_path + "/stop", {}, body);
  CHECK(refused.status == 400);
  CHECK(first_error(refused).find("another kind") != std::string::npos);
  CHECK(job.job.stops == 0);
  for (const std::string& wrong :
       {std::string(31, 'a'), std::string(33, 'a'), std::string(32, 'A')}) {
    CHECK(job.ask("POST", job_path + "/stop", {}, R"({"triggerId": ")" + wrong + R"("})").status ==
          400);
  }
}

TEST_CASE("a field that is null is as if it were not there, and so is a body of spaces") {
  asking job;
  job.post(job_path + "/stop", R"({"targetDirectory": null, "drain": false, "triggerId": null})");
  job.post(job_path + "/stop", " \r\n\t");
  CHECK(job.job.stops == 2);
}

TEST_CASE("cancelling can be switched off") {
  asking job(observed_word_count(), {"127.0.0.1", "", ""}, false);
  const auto refused = job.ask("PATCH", job_path, {{"mode", "cancel"}});
  CHECK(refused.status == 403);
  CHECK(first_error(refused).find("web.cancel.enable") != std::string::npos);
  CHECK(job.job.cancels == 0);
  CHECK(job.ask("POST", job_path + "/stop").status == 202);
}

TEST_CASE("bodies that are no JSON object with known fields are refused by name") {
  asking job;
  const auto reason = [&](const std::string& body) {
    const auto answer = job.ask("POST", job_path + "/stop", {}, body);
    CHECK(answer.status == 400);
    return first_error(answer);
  };
  CHECK(reason("{").find("no valid JSON") != std::string::npos);
  CHECK(reason("[1]").find("array; expected an object") != std::string::npos);
  CHECK(reason("1").find("expected an object") != std::string::npos);
  CHECK(reason(R"({"drian": true})").find("'drian' is unknown; expected targetDirectory, drain") !=
        std::string::npos);
  CHECK(reason(R"({"drain": "yes"})").find("'drain' is of type string; expected true or false") !=
        std::string::npos);
  CHECK(reason(R"({"triggerId": 7})").find("expected a text") != std::string::npos);
  CHECK(reason(R"({"triggerId": "../x"})").find("32 hexadecimal digits") != std::string::npos);
  CHECK(reason(R"({"targetDirectory": "/tmp"})").find("not supported") != std::string::npos);
  CHECK(reason(std::string(60'000, '[')).find("no valid JSON") != std::string::npos);
  CHECK(reason("{\"drain\": " + std::string(30'000, '[') + std::string(30'000, ']') + "}")
            .find("of type array") != std::string::npos);
  CHECK(job.job.stops == 0);
}

TEST_CASE("crash takes a task or a fault") {
  asking job;
  CHECK(job.ask("POST", job_path + "/crash", {}, R"({"task": "count/1"})").status == 202);
  CHECK(job.ask("POST", job_path + "/crash", {}, R"({"fault": "throw task=count/1"})").status ==
        202);
  CHECK(job.job.crashed == std::vector<std::string>{"count/1", "throw task=count/1"});
  CHECK(job.ask("POST", job_path + "/crash").status == 400);
  CHECK(job.ask("POST", job_path + "/crash", {}, R"({"task": "a/0", "fault": "b"})").status == 400);
  const auto unknown = job.ask("POST", job_path + "/crash", {}, R"({"task": "nobody/0"})");
  CHECK(unknown.status == 400);
  CHECK(first_error(unknown).find("expected count/0") != std::string::npos);
  CHECK(job.job.crashed.size() == 2);
}

TEST_CASE("what changes the job needs a header that pages of other origins cannot send") {
  asking job;
  job.headers.erase("x-weir-request");
  CHECK(job.ask("PATCH", job_path, {{"mode", "cancel"}}).status == 403);
  CHECK(job.ask("POST", job_path + "/stop").status == 403);
  CHECK(job.ask("POST", job_path + "/crash", {}, R"({"task": "count/1"})").status == 403);
  CHECK(job.ask("GET", "/overview").status == 200);
  CHECK(job.ask("HEAD", "/overview").status == 200);
  CHECK(job.job.cancels + job.job.stops + static_cast<int>(job.job.crashed.size()) == 0);
}

TEST_CASE("requests of other origins are refused, those of this server's own are not") {
  asking job;
  for (const auto* origin :
       {"http://evil.example", "null", "https://localhost:8081", "http://localhost:8082",
        "http://localhost:8081.evil.example", "http://localhost", ""}) {
    INFO(origin);
    job.headers.erase("origin");
    job.headers.emplace("origin", origin);
    CHECK(job.ask("GET", "/overview").status == 403);
    CHECK(job.ask("POST", job_path + "/stop").status == 403);
  }
  job.headers.erase("origin");
  job.headers.emplace("origin", "http://localhost:8081");
  CHECK(job.ask("GET", "/overview").status == 200);
  job.headers.emplace("origin", "http://evil.example");  // beside the right one
  CHECK(job.ask("GET", "/overview").status == 403);
  CHECK(job.job.stops == 0);
}

TEST_CASE("a Host that a foreign name server could have chosen is refused") {
  asking job;
  const auto status_for = [&](const std::string& host) {
    job.headers.erase("host");
    job.headers.emplace("host", host);
    return job.ask("GET", "/overview").status;
  };
  for (const auto* host :
       {"localhost", "LOCALHOST:8081", "127.0.0.1:8081", "127.1.2.3", "[::1]:8081"}) {
    INFO(host);
    CHECK(status_for(host) == 200);
  }
  for (const auto* host :
       {"evil.example:8081", "127.0.0.1.evil.example", "10.0.0.1", "128.0.0.1", "[fe80::1]", "",
        "localhost.evil", "127.0.0.x", "evil@localhost", "localhost:evil", "localhost:1:evil",
        "[::1]evil.example", "[::1", "::1:8081"}) {
    INFO(host);
    CHECK(status_for(host) == 403);
  }
  job.headers.erase("host");
  CHECK(job.ask("GET", "/overview").status == 400);
  job.headers.emplace("host", "localhost");
  job.headers.emplace("host", "localhost");
  CHECK(job.ask("GET", "/overview").status == 400);
}

TEST_CASE("off loopback a change needs the token, and names are only the configured one") {
  asking job(observed_word_count(), {"0.0.0.0", "jobs.example", "right"});
  const auto host = [&](const std::string& name) {
    job.headers.erase("host");
    job.headers.emplace("host", name);
  };
  const auto token = [&](const std::string& value) {
    job.headers.erase("authorization");
    job.headers.emplace("authorization", value);
    return job.ask("POST", job_path + "/stop").status;
  };
  host("10.0.0.1:8081");
  CHECK(job.ask("POST", job_path + "/stop").status == 401);
  for (const auto* wrong : {"", "right", "Bearer", "Bearer ", "Bearer wrong", "Bearer righ",
                            "Bearer rightx", "Bearer rightright", "bearer right", "Basic right"}) {
    INFO(wrong);
    CHECK(token(wrong) == 401);
  }
  CHECK(job.job.stops == 0);
  CHECK(token("Bearer right") == 202);
  host("jobs.example:8081");
  CHECK(job.ask("GET", "/overview").status == 200);
  host("evil.example");
  CHECK(job.ask("GET", "/overview").status == 403);

  asking open(observed_word_count(), {"0.0.0.0", "", ""});  // never made so: see rest_settings
  open.headers.emplace("authorization", "Bearer ");
  CHECK(open.ask("POST", job_path + "/stop").status == 401);
}

}  // namespace weir::rest
