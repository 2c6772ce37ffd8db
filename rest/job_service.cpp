// SPDX-License-Identifier: Apache-2.0
#include "rest/job_service.hpp"

#include <unistd.h>

#include <random>
#include <thread>
#include <utility>

#include "rest/address_file.hpp"

namespace weir::rest {
namespace {

std::string random_id() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i) id += digits[random() & 15];
  return id;
}

router_options options_of(const rest_settings& settings) {
  router_options made;
  made.access = access_rules(settings.bind_address, settings.name, settings.token);
  made.keep_triggers = settings.keep_triggers;
  made.may_cancel = settings.may_cancel;
  made.clock = [] { return std::chrono::steady_clock::now(); };
  made.new_id = random_id;
  return made;
}

/// Where clients on this machine reach a server that listens there.
std::string reachable(const std::string& bind_address) {
  if (bind_address == "0.0.0.0") return "127.0.0.1";
  return bind_address == "::" ? "::1" : bind_address;
}

}  // namespace

job_service::job_service(job_controls& job, const rest_settings& settings,
                         std::filesystem::path state_directory)
    : state_directory_(std::move(state_directory)),
      job_id_(job.observe().identity->id),
      router_(job, host_facts::of_this_process(), options_of(settings)) {}

result<std::unique_ptr<job_service>> job_service::start(
    job_controls& job, const rest_settings& settings,
    const std::filesystem::path& state_directory) {
  std::unique_ptr<job_service> made(new job_service(job, settings, state_directory));
  if (auto listening = made->listen(settings); !listening) return listening.error();
  job_address address;
  address.host = reachable(settings.bind_address);
  address.port = made->port();
  address.job_id = made->job_id_;
  address.job = job.observe().identity->name;
  address.token = is_loopback(settings.bind_address) ? "" : settings.token;
  address.process = getpid();
  if (auto told = write_address(state_directory, address); !told) return told.error();
  return made;
}

result<void> job_service::listen(const rest_settings& settings) {
  server_options options;
  options.address = settings.bind_address;
  options.port = *settings.port;
  const auto handler = [this](const rest_request& asked) { return router_.on_request(asked); };
  auto running = server::start(options, handler);
  const bool gives_way =
      !settings.port_was_set && !running && running.error().code == error_code::in_use;
  if (gives_way) {
    options.port = 0;
    running = server::start(options, handler);
  }
  if (!running) {
    auto why = running.error();
    why.message = "rest.port = " + std::to_string(*settings.port) + ": " + why.message;
    return why;
  }
  server_ = std::move(*running);
  if (gives_way) {
    notices_.push_back("port " + std::to_string(*settings.port) +
                       " is taken (rest.port, by default): the job answers HTTP on port " +
                       std::to_string(port()));
  }
  return {};
}

job_service::~job_service() {
  const auto deadline = std::chrono::steady_clock::now() + last_word;
  while (server_ && router_.unanswered() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  server_.reset();
  remove_address(state_directory_, job_id_);
}

}  // namespace weir::rest
