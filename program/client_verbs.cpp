// SPDX-License-Identifier: Apache-2.0
#include "program/client_verbs.hpp"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "program/environment_settings.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

constexpr std::size_t neighbours_max = 100;

int exit_code_of(const error& failure) {
  switch (failure.code) {
    case error_code::connection:
    case error_code::not_found:
      return exit_no_job;
    case error_code::invalid_argument:
      return exit_usage;
    default:
      return exit_failed;
  }
}

int print_failure(const std::string& name, const error& failure) {
  std::fprintf(stderr, "%s: %s\n", name.c_str(), failure.message.c_str());
  return exit_code_of(failure);
}

/// Jobs that run with state directories beside this one: "weir-state/other (127.0.0.1:8081)", a line each.
std::string neighbours_of(const std::filesystem::path& state_directory) {
  std::string text;
  std::error_code failed;
  const auto parent = state_directory.has_parent_path() ? state_directory.parent_path() : ".";
  std::filesystem::directory_iterator beside(parent, failed);
  const std::filesystem::directory_iterator end;
  for (std::size_t seen = 0; !failed && beside != end && seen < neighbours_max; ++seen) {
    auto job = rest::job_client::at_directory(beside->path());
    if (job) text += "\n  " + beside->path().string() + " (" + job->address().text() + ")";
    beside.increment(failed);
  }
  return text;
}

error nobody_there(error why, const std::filesystem::path& state_directory) {
  const auto others = neighbours_of(state_directory);
  why.message +=
      others.empty()
          ? "; expected -D state.dir=DIRECTORY of a job that runs and answers HTTP (rest.port "
            "is not -1), or --at HOST:PORT"
          : "; jobs that run beside it, for -D state.dir=DIRECTORY:" + others;
  return why;
}

}  // namespace

client_verbs::client_verbs() {
  for (auto* make : {make_status_verb, make_checkpoints_verb, make_exceptions_verb, make_crash_verb,
                     make_checkpoint_verb, make_stop_verb, make_cancel_verb}) {
    verbs_.push_back({make(), nullptr});
  }
}

void client_verbs::add_to(CLI::App& app) {
  for (auto& each : verbs_) {
    each.parsed = app.add_subcommand(each.verb->name(), each.verb->purpose());
    each.verb->add_options(*each.parsed);
    each.parsed->add_option("--at", at_,
                            "HOST:PORT of the job, instead of looking in its state.dir");
    std::string footer = "Examples:";
    for (const auto& example : each.verb->examples()) {
      footer += "\n  " + app.get_name() + " " + example;
    }
    each.parsed->footer(footer);
  }
}

bool client_verbs::chosen() const {
  for (const auto& each : verbs_) {
    if (each.parsed->parsed()) return true;
  }
  return false;
}

int client_verbs::run(const environment& env) {
  signal(SIGPIPE, SIG_IGN);  // a job that ends meanwhile is told as an error, not as a signal
  auto job = find_job(env);
  if (!job) return print_failure(env.name(), job.error());
  for (auto& each : verbs_) {
    if (!each.parsed->parsed()) continue;
    try {
      auto text = each.verb->run(*job);
      if (!text) return print_failure(env.name(), text.error());
      std::fputs(text->c_str(), stdout);
    } catch (const nlohmann::json::exception& failure) {
      return print_failure(env.name(), {error_code::incompatible,
                                        "the job at " + job->address().text() +
                                            " answers in another form than this program expects: " +
                                            failure.what()});
    }
  }
  return exit_finished;
}

result<rest::job_client> client_verbs::find_job(const environment& env) const {
  auto settings = environment_settings::from(env);
  if (!settings) return settings.error();
  const auto& given = settings->given;
  std::string at = at_;
  if (at.empty() && given.is_set("rest.address")) {
    at = given.get_text("rest.address") + ":" + std::to_string(given.get_integer("rest.port"));
  }
  if (!at.empty()) {
    const bool has_token = given.has_value("weir.rest.token");
    return rest::job_client::at_address(at, has_token ? given.get_text("weir.rest.token") : "");
  }
  auto found = rest::job_client::at_directory(settings->state_directory);
  if (!found && found.error().code == error_code::not_found) {
    return nobody_there(found.error(), settings->state_directory);
  }
  return found;
}

result<std::uint64_t> wait_for_trigger(rest::job_client& job, const std::string& path,
                                       const std::string& cause) {
  while (true) {
    const auto found = job.get(path);
    if (!found) return found.error();
    if ((*found).at("status").at("id") == "COMPLETED") {
      const auto& operation = found->at("operation");
      if (!operation.contains(cause)) return operation.at("checkpointId").get<std::uint64_t>();
      return error{error_code::io, operation.at(cause).at("stack-trace").get<std::string>()};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace weir
