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

result<opened_port> open_port(const rest_settings& settings) {
  auto chosen = listen_socket::open(settings.bind_address, *settings.port);
  if (chosen) return opened_port{std::move(*chosen), {}};
  if (settings.port_was_set || chosen.error().code != error_code::in_use) {
    auto why = chosen.error();
    why.message = "rest.port = " + std::to_string(*settings.port) + ": " + why.message;
    return why;
  }
  auto free = listen_socket::open(settings.bind_address, 0);
  if (!free) return free.error();
  const auto port = std::to_string(free->port());
  return opened_port{std::move(*free), "port " + std::to_string(*settings.port) +
                                           " (rest.port, by default) is taken: the job answers "
                                           "HTTP on port " +
                                           port};
}

job_service::job_service(job_controls& job, const rest_settings& settings, opened_port port,
                         std::filesystem::path state_directory)
    : state_directory_(std::move(state_directory)),
      job_id_(job.observe().identity->id),
      router_(job, host_facts::of_this_process(), options_of(settings)),
      server_(std::move(port.socket), {},
              [this](const rest_request& asked) { return router_.on_request(asked); }) {}

result<std::unique_ptr<job_service>> job_service::start(
    job_controls& job, const rest_settings& settings, opened_port port,
    const std::filesystem::path& state_directory) {
  std::unique_ptr<job_service> made(
      new job_service(job, settings, std::move(port), state_directory));
  job_address address;
  address.host = reachable(settings.bind_address);
  address.port = made->server_.port();
  address.job_id = made->job_id_;
  address.job = job.observe().identity->name;
  address.token = is_loopback(settings.bind_address) ? "" : settings.token;
  address.process = getpid();
  made->address_ = address.text();
  if (auto told = write_address(state_directory, address); !told) return told.error();
  return made;
}

job_service::~job_service() {
  const auto deadline = std::chrono::steady_clock::now() + last_word;
  while (router_.unanswered() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  remove_address(state_directory_, job_id_);
}

}  // namespace weir::rest
