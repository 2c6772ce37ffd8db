// SPDX-License-Identifier: Apache-2.0
// http: how long a running job of many tasks takes to answer each GET, from before the request is sent to the last byte of
// the answer, over one connection. The job counts keys at a bounded rate meanwhile. One JSON line a path. Exit codes: 0
// done, 1 failed, 2 usage.
#include <httplib.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/latency_samples.hpp"
#include "bench/machine_load.hpp"
#include "bench/scratch_state.hpp"
#include "bench/steady_ns.hpp"
#include "rest/address_file.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

struct http_options {
  unsigned tasks = 200;  // in two chains
  double rate = 200'000;
  unsigned requests = 300;  // of each path
};

struct numbered_count final : keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  value_state<std::uint64_t> seen{*this, "seen", 0};
  void process(const std::uint64_t&, context&, collector<std::uint64_t>& out) override {
    seen.update(seen.value() + 1);
    out.emit(seen.value());
  }
};

result<job> start(environment& env, const http_options& options, const std::string& state_dir) {
  env.set("state.dir", state_dir)
      .set("parallelism.default", std::to_string(options.tasks / 2))
      .set("rest.port", "0");
  env.from("numbers", generate([](std::uint64_t seq) { return seq; }).rate(options.rate))
      .key_by([](const std::uint64_t& number) { return number % 100'000; })
      .process<numbered_count>("count")
      .to("out", discard_sink());
  return env.execute();
}

class asked_paths {
 public:
  asked_paths(httplib::Client& client, const std::string& job_id) : client_(client) {
    const std::string job = "/jobs/" + job_id;
    const auto vertices = nlohmann::json::parse(get(job))["vertices"];
    const std::string vertex = job + "/vertices/" + vertices[1]["id"].get<std::string>();
    const std::string source = job + "/vertices/" + vertices[0]["id"].get<std::string>();
    paths = {"/overview",
             "/jobs",
             "/jobs/overview",
             "/taskmanagers",
             "/metrics",
             job,
             job + "/plan",
             job + "/config",
             job + "/exceptions",
             job + "/checkpoints",
             job + "/metrics",
             job + "/summary",
             vertex,
             vertex + "/backpressure",
             vertex + "/watermarks",
             vertex + "/metrics",
             vertex + "/subtasks/metrics?get=numRecordsIn",
             source + "/subtasks/0/channels",
             "/metrics/channels?task=numbers/0"};
  }

  std::string get(const std::string& path) {
    auto answer = client_.Get(path);
    if (!answer || answer->status != 200) throw std::runtime_error("no answer to " + path);
    return std::move(answer->body);
  }

  std::vector<std::string> paths;

 private:
  httplib::Client& client_;
};

void measure(asked_paths& asked, const std::string& path, unsigned requests) {
  latency_samples samples(requests);
  const machine_load load;
  std::size_t bytes = 0;
  for (unsigned i = 0; i < requests; ++i) {
    const auto begin = steady_ns();
    bytes = asked.get(path).size();
    samples.add(static_cast<std::uint64_t>(steady_ns() - begin));
  }
  const double foreign_share = load.foreign_share();
  json_line line;
  line.field("bench", "http").field("path", path).field("bytes", bytes);
  line.field("p50_ms", static_cast<double>(samples.percentile(50)) / 1e6);
  line.field("p99_ms", static_cast<double>(samples.percentile(99)) / 1e6);
  line.field("max_ms", static_cast<double>(samples.percentile(100)) / 1e6);
  line.field("foreign_share", foreign_share).field("void", foreign_share > foreign_share_max);
  print(line);
}

int run(const http_options& options) {
  const scratch_state scratch;
  environment env("http-bench");
  auto running = start(env, options, scratch.state_dir());
  if (!running) throw std::runtime_error(running.error().text());
  const auto address = rest::read_address(scratch.state_dir());
  if (!address) throw std::runtime_error(address.error().text());
  httplib::Client client(address->host, address->port);
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  asked_paths asked(client, address->job_id);
  for (const auto& path : asked.paths) measure(asked, path, options.requests);
  running->cancel();
  running->wait();
  return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::bench::http_options options;
  CLI::App app("How long a running job takes to answer each GET.");
  app.add_option("--tasks", options.tasks, "tasks of the job")->check(CLI::Range(2u, 2000u));
  app.add_option("--rate", options.rate, "records a second")->check(CLI::PositiveNumber);
  app.add_option("--requests", options.requests, "of each path")->check(CLI::Range(1u, 1'000'000u));
  return weir::bench::run_program(app, argc, argv, [&] { return weir::bench::run(options); });
}
