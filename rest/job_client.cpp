// SPDX-License-Identifier: Apache-2.0
#include "rest/job_client.hpp"

#include <httplib.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace weir::rest {
namespace {

constexpr std::chrono::seconds patience{30};

error what_it_said(const httplib::Response& answer) {
  const auto parsed = document::parse(answer.body, nullptr, false);
  std::string text = "status " + std::to_string(answer.status);
  if (parsed.is_object() && parsed.contains("errors") && !parsed["errors"].empty() &&
      parsed["errors"][0].is_string()) {
    text = parsed["errors"][0].get<std::string>();
  }
  return error{answer.status < 500 ? error_code::invalid_argument : error_code::io, text};
}

result<job_address> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  job_address made;
  if (colon != text.npos && colon > 0) {
    made.host = text.substr(0, colon);
    if (made.host.starts_with('[') && made.host.ends_with(']')) {
      made.host = made.host.substr(1, made.host.size() - 2);
    }
    const auto* first = text.data() + colon + 1;
    const auto* last = text.data() + text.size();
    const auto [end, status] = std::from_chars(first, last, made.port);
    if (status == std::errc() && end == last && made.port != 0) return made;
  }
  return error{error_code::invalid_argument, "--at '" + text + "': expected HOST:PORT"};
}

}  // namespace

class job_client::connection {
 public:
  explicit connection(const job_address& to) : client(to.host, to.port) {
    client.set_keep_alive(true);
    client.set_connection_timeout(patience);
    client.set_read_timeout(patience);
    client.set_write_timeout(patience);
  }
  httplib::Client client;
};

job_client::job_client(job_address address)
    : address_(std::move(address)), connection_(std::make_unique<connection>(address_)) {}
job_client::job_client(job_client&&) noexcept = default;
job_client::~job_client() = default;

result<job_client> job_client::at_directory(const std::filesystem::path& state_directory) {
  auto address = read_address(state_directory);
  const std::string nobody = "no job runs with the state directory " + state_directory.string();
  if (!address && address.error().code == error_code::not_found) {
    return error{error_code::not_found, nobody};
  }
  if (!address) return address.error();
  const auto expected = address->job_id;
  job_client made(std::move(*address));
  auto found = made.find_job();
  if (!found && found.error().code != error_code::connection) return found.error();
  if (!found || made.address_.job_id != expected) {
    return error{error_code::not_found, nobody + ": process " +
                                            std::to_string(made.address_.process) +
                                            ", which answered at " + made.address_.text() +
                                            ", has ended without removing its file there"};
  }
  return made;
}

result<job_client> job_client::at_address(const std::string& address, const std::string& token) {
  auto parsed = parse_address(address);
  if (!parsed) return parsed.error();
  parsed->token = token;
  job_client made(std::move(*parsed));
  auto found = made.find_job();
  if (!found && found.error().code == error_code::connection) {
    return error{error_code::not_found, "no job answers at " + address};
  }
  if (!found) return found.error();
  return made;
}

result<void> job_client::find_job() {
  address_.job_id.clear();
  const auto jobs = ask("GET", "", "");
  if (!jobs) return jobs.error();
  if (!jobs->is_object() || !jobs->contains("jobs") || !(*jobs)["jobs"].is_array() ||
      (*jobs)["jobs"].size() != 1 || !(*jobs)["jobs"][0].contains("id") ||
      !(*jobs)["jobs"][0]["id"].is_string()) {
    return error{error_code::incompatible,
                 "what answers at " + address_.text() + " is not one job of weir"};
  }
  address_.job_id = (*jobs)["jobs"][0]["id"].get<std::string>();
  return {};
}

result<document> job_client::get(const std::string& path) const {
  return ask("GET", path, "");
}
result<document> job_client::post(const std::string& path, const std::string& body) const {
  return ask("POST", path, body);
}
result<document> job_client::patch(const std::string& path) const {
  return ask("PATCH", path, "");
}

result<document> job_client::ask(const std::string& method, const std::string& path,
                                 const std::string& body) const {
  httplib::Request asked;
  asked.method = method;
  asked.path = address_.job_id.empty() ? "/v1/jobs" : "/v1/jobs/" + address_.job_id + path;
  asked.body = body;
  asked.headers = {{"X-Weir-Request", "1"}, {"Content-Type", "application/json"}};
  if (!address_.token.empty()) {
    asked.headers.emplace("Authorization", "Bearer " + address_.token);
  }
  const auto answer = connection_->client.send(asked);
  if (!answer) {
    return error{error_code::connection, "the job at " + address_.text() +
                                             " does not answer: it has ended, or is about to (" +
                                             httplib::to_string(answer.error()) + ")"};
  }
  if (answer->status >= 300) return what_it_said(*answer);
  auto parsed = document::parse(answer->body, nullptr, false);
  if (parsed.is_discarded()) {
    return error{error_code::incompatible,
                 "what answers at " + address_.text() + " does not speak JSON"};
  }
  return parsed;
}

}  // namespace weir::rest
