// SPDX-License-Identifier: Apache-2.0
// Where a job answers, and how clients find it: over real sockets on the loopback, with the address in a state directory.
#include <doctest/doctest.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/scratch_directory.hpp"
#include "rest/job_client.hpp"
#include "rest/job_service.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir::rest {
namespace {

rest_settings settings_of(const std::vector<std::string>& assignments,
                          serving by_default = serving::always) {
  const auto config = configuration::from(assignments);
  REQUIRE(config);
  return rest_settings::from(*config, by_default);
}

std::unique_ptr<job_service> serve(fake_job& job, const std::filesystem::path& directory) {
  const auto settings = settings_of({"rest.port=0"});
  auto port = open_port(settings);
  REQUIRE(port);
  auto made = job_service::start(job, settings, std::move(*port), directory);
  REQUIRE(made);
  return std::move(*made);
}

error failure_at(const std::filesystem::path& directory) {
  const auto found = job_client::at_directory(directory);
  REQUIRE(!found);
  return found.error();
}

bool says(const error& why, const std::string& part) {
  INFO(why.message);
  return why.message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a client finds the job by its state directory, or by its address") {
  scratch_directory scratch;
  fake_job job;
  const auto service = serve(job, scratch.path());
  auto found = job_client::at_directory(scratch.path());
  REQUIRE(found);
  CHECK((*found->get("/status"))["status"] == "RUNNING");
  CHECK(found->post("/crash", R"({"task": "count/1"})"));
  CHECK(job.crashed == std::vector<std::string>{"count/1"});
  CHECK(found->patch("?mode=cancel"));
  CHECK(job.cancels == 1);
  const auto refused = found->post("/crash", R"({"task": "nobody/0"})");
  CHECK(refused.error().code == error_code::invalid_argument);
  CHECK(refused.error().message == "task nobody/0 is unknown; expected count/0");
  CHECK(found->post("/savepoints", "").error().code == error_code::io);  // a status above 500

  auto direct = job_client::at_address(service->address(), "");
  REQUIRE(direct);
  CHECK(direct->address().job_id == fake_job_id);
}

TEST_CASE("the file with the address is for its owner only, and goes with the job") {
  namespace fs = std::filesystem;
  scratch_directory scratch;
  fake_job job;
  auto service = serve(job, scratch.path());
  const auto file = scratch.path() / "http-address";
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  service.reset();
  CHECK(!fs::exists(file));
  CHECK(fs::is_empty(scratch.path()));
  CHECK(failure_at(scratch.path()).code == error_code::not_found);
  CHECK(failure_at(scratch.path() / "nowhere").code == error_code::not_found);
}

TEST_CASE(
    "what a killed process left half-written is in nobody's way, and a file is no directory") {
  scratch_directory scratch;
  std::ofstream(scratch.path() / "http-address.new") << "{";
  fake_job job;
  const auto service = serve(job, scratch.path());
  CHECK(job_client::at_directory(scratch.path()));
  CHECK(failure_at(scratch.path() / "http-address").code == error_code::not_found);
}

TEST_CASE("an address is written so that its port can be told from it") {
  job_address address;
  address.host = "localhost";
  address.port = 81;
  CHECK(address.text() == "localhost:81");
  address.host = "::1";
  CHECK(address.text() == "[::1]:81");
}

TEST_CASE("what answers must be one job") {
  std::string body;
  auto listening = listen_socket::open("127.0.0.1", 0);
  REQUIRE(listening);
  const server other(std::move(*listening), {}, [&](const rest_request&) {
    return rest_response{200, body};
  });
  const auto port = std::to_string(other.port());
  for (const auto* each : {"", "no JSON", "[]", "{}", R"({"jobs": []})", R"({"jobs": [{"id": 7}]})",
                           R"({"jobs": [{}]})", R"({"jobs": [{"id": "a"}, {"id": "b"}]})",
                           R"({"jobs": {"id": "a"}})"}) {
    INFO(each);
    body = each;
    CHECK(job_client::at_address("127.0.0.1:" + port, "").error().code == error_code::incompatible);
  }
}

TEST_CASE("the settings reach those who keep to them") {
  scratch_directory scratch;
  fake_job job;
  const auto settings =
      settings_of({"rest.port=0", "rest.address=jobs.example", "web.cancel.enable=false",
                   "rest.async.store-duration=1 s", "weir.rest.token=t"});
  auto port = open_port(settings);
  REQUIRE(port);
  const auto service = job_service::start(job, settings, std::move(*port), scratch.path());
  REQUIRE(service);
  CHECK(read_address(scratch.path())->token.empty());  // none is needed on the loopback
  const auto found = job_client::at_directory(scratch.path());
  REQUIRE(found);
  CHECK(says(found->patch("?mode=cancel").error(), "web.cancel.enable"));
  httplib::Client client("127.0.0.1", found->address().port);
  CHECK(client.Get("/jobs", {{"Host", "jobs.example"}})->status == 200);
  CHECK(client.Get("/jobs", {{"Host", "others.example"}})->status == 403);

  const auto begun = found->post("/stop", "");
  REQUIRE(begun);
  const std::string path = "/savepoints/" + (*begun)["request-id"].get<std::string>();
  job.end(1, epoch_id{12});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (found->get(path) && std::chrono::steady_clock::now() < deadline) {
  }
  const auto forgotten = found->get(path);
  REQUIRE(!forgotten);
  CHECK(says(forgotten.error(), "is known (any more)"));
}

TEST_CASE("who listens everywhere is found on the loopback, also with IPv6") {
  scratch_directory scratch;
  fake_job job;
  const auto settings = settings_of({"rest.port=0", "rest.bind-address=::", "weir.rest.token=t"});
  auto port = open_port(settings);
  if (!port) {
    MESSAGE("skipped: this machine has no IPv6: " << port.error().message);
    return;
  }
  const auto service = job_service::start(job, settings, std::move(*port), scratch.path());
  REQUIRE(service);
  CHECK(read_address(scratch.path())->text().starts_with("[::1]:"));
}

TEST_CASE(
    "a file that a killed process left behind is recognised, also when its port is another job's") {
  scratch_directory scratch;
  fake_job job;
  const auto other = scratch.path() / "other";
  const auto here = scratch.path() / "here";
  std::filesystem::create_directories(other);
  std::filesystem::create_directories(here);
  auto service = serve(job, other);
  auto address = *read_address(other);
  address.job_id = std::string(32, '0');
  address.process = 4711;
  REQUIRE(write_address(here, address));
  const auto foreign = failure_at(here);
  CHECK(foreign.code == error_code::not_found);
  CHECK(says(foreign, "no job runs with the state directory"));
  CHECK(says(foreign, "process 4711"));

  service.reset();
  const auto gone = failure_at(here);
  CHECK(gone.code == error_code::not_found);
  CHECK(says(gone, "process 4711"));
}

TEST_CASE("a new run does not lose its address when an older one ends") {
  scratch_directory scratch;
  fake_job job;
  auto older = serve(job, scratch.path());
  auto address = *read_address(scratch.path());
  address.job_id = std::string(32, '1');
  REQUIRE(write_address(scratch.path(), address));
  older.reset();
  CHECK(read_address(scratch.path())->job_id == address.job_id);
}

TEST_CASE("a file that holds no address is damaged, whatever is in it") {
  scratch_directory scratch;
  for (const std::string& content :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"host": 7})"),
        std::string(R"({"host": "a", "port": 70000000})"), std::string(100'000, '{'),
        std::string("\xff\x00", 2)}) {
    std::ofstream(scratch.path() / "http-address") << content;
    CHECK(failure_at(scratch.path()).code == error_code::corrupt);
  }
}

TEST_CASE("an address that cannot be read, or where nobody answers, is said to be so") {
  for (const auto* text :
       {"", "localhost", "localhost:", ":80", "localhost:0", "localhost:70000", "a:b"}) {
    CHECK(job_client::at_address(text, "").error().code == error_code::invalid_argument);
  }
  auto closed = listen_socket::open("127.0.0.1", 0);
  REQUIRE(closed);
  const auto port = std::to_string(closed->port());
  { const auto dropped = std::move(*closed); }
  const auto nobody = job_client::at_address("127.0.0.1:" + port, "");
  CHECK(nobody.error().code == error_code::not_found);
  CHECK(says(nobody.error(), "no job answers at 127.0.0.1:" + port));
}

TEST_CASE("a job that ends meanwhile is a connection error, in words") {
  scratch_directory scratch;
  fake_job job;
  auto service = serve(job, scratch.path());
  const auto found = job_client::at_directory(scratch.path());
  REQUIRE(found);
  service.reset();
  const auto after = found->get("/status");
  REQUIRE(!after);
  CHECK(after.error().code == error_code::connection);
  CHECK(says(after.error(), "has ended"));
}

TEST_CASE("whoever stopped the job hears how that came out, although the job is over by then") {
  scratch_directory scratch;
  fake_job job;
  auto service = serve(job, scratch.path());
  const auto found = job_client::at_directory(scratch.path());
  REQUIRE(found);
  const auto begun = found->post("/stop", "");
  REQUIRE(begun);
  const std::string path = "/savepoints/" + (*begun)["request-id"].get<std::string>();
  CHECK((*found->get(path))["status"]["id"] == "IN_PROGRESS");
  job.end(1, epoch_id{12});
  std::thread ending([&] { service.reset(); });
  const auto after = found->get(path);
  ending.join();
  REQUIRE(after);
  CHECK((*after)["operation"]["checkpointId"] == 12);
}

TEST_CASE("a port that the user chose is used or refused, the default one gives way") {
  scratch_directory scratch;
  fake_job job;
  const auto service = serve(job, scratch.path());
  const auto taken = service->address().substr(service->address().rfind(':') + 1);
  auto settings = settings_of({"rest.port=" + taken});
  const auto refused = open_port(settings);
  REQUIRE(!refused);
  CHECK(refused.error().code == error_code::in_use);
  CHECK(says(refused.error(), "rest.port = " + taken));

  settings.port_was_set = false;
  const auto other = open_port(settings);
  REQUIRE(other);
  CHECK(std::to_string(other->socket.port()) != taken);
  CHECK(other->notice.find(taken) != std::string::npos);
  CHECK(other->notice.find(std::to_string(other->socket.port())) != std::string::npos);
}

TEST_CASE("there is a server for those who ask for one, and off loopback only with a token") {
  CHECK(settings_of({}).port == 8081);
  CHECK(!settings_of({}, serving::when_asked).port);
  CHECK(settings_of({"rest.port=8081"}, serving::when_asked).port == 8081);
  CHECK(!settings_of({"rest.port=-1"}).port);
  CHECK(settings_of({"rest.bind-address=0.0.0.0", "weir.rest.token=t"}).port);
  for (const std::string open :
       {"rest.bind-address=0.0.0.0", "rest.bind-address=::", "rest.bind-address=192.0.2.1"}) {
    const auto holds = [](const std::vector<std::string>& given) {
      return rest_settings::rule().holds(*configuration::from(given));
    };
    CHECK_FALSE(holds({open}));
    CHECK(holds({open, "weir.rest.token=t"}));
    CHECK(holds({open, "rest.port=-1"}));
  }
}

TEST_CASE("off loopback the client brings the token that it finds in the directory") {
  scratch_directory scratch;
  fake_job job;
  auto settings = settings_of({"rest.port=0", "rest.bind-address=0.0.0.0", "weir.rest.token=t"});
  auto port = open_port(settings);
  REQUIRE(port);
  const auto service = job_service::start(job, settings, std::move(*port), scratch.path());
  REQUIRE(service);
  const auto found = job_client::at_directory(scratch.path());
  REQUIRE(found);
  CHECK(found->address().text().starts_with("127.0.0.1:"));
  CHECK(found->patch("?mode=cancel"));
  const auto stranger = job_client::at_address(found->address().text(), "wrong");
  REQUIRE(stranger);
  CHECK(says(stranger->patch("?mode=cancel").error(), "weir.rest.token"));
  CHECK(job.cancels == 1);
}

}  // namespace weir::rest
