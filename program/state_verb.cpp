// SPDX-License-Identifier: Apache-2.0
#include "program/state_verb.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "program/environment_settings.hpp"
#include "program/state_check.hpp"
#include "state_tools/state_commands.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

result<std::filesystem::path> directory_of(const environment& env) {
  auto settings = environment_settings::from(env);
  if (!settings) return settings.error();
  return settings->state_directory;
}

}  // namespace

struct state_verb::implementation {
  std::string name;
  CLI::App* verb = nullptr;
  std::unique_ptr<state_commands> commands;
  CLI::App* check = nullptr;
  std::string directory;
  std::uint64_t from = 0;
  CLI::Option* from_option = nullptr;
  bool allow_duplicates = false;
  bool json = false;

  void add_check() {
    check = verb->add_subcommand("check",
                                 "Says whether this program fits a checkpoint, without running");
    check->add_option("directory", directory, "the state directory; default: this job's");
    from_option = check->add_option("--from", from, "this checkpoint; default: the newest");
    check->add_flag("--allow-duplicates", allow_duplicates,
                    "as for run: sinks may repeat the output of newer checkpoints");
    check->add_flag("--json", json, "print JSON");
    check->footer(
        "Examples:\n  " + name + " check\n  " + name +
        " check --from 12\n"
        "It asks what run --from asks before it starts. Chunks are not read: see verify.\n"
        "Exit codes: 0 it fits; 2 usage; 3 a restart would be refused.");
  }

  int run_check(const environment& env) const {
    const auto settings = environment_settings::from(env);
    if (!settings) return report_state_failure(name, settings.error());
    const auto physical = make_plan(env.share_graph(), settings->planning);
    if (!physical) return report_state_failure(name, physical.error());
    start_request request;
    request.job = settings->job;
    request.allow_duplicates = allow_duplicates;
    if (from_option->count() != 0) request.from = epoch_id{from};
    const auto place =
        directory.empty() ? settings->state_directory : std::filesystem::path(directory);
    const auto code = stored_state::look_at(place, [&](stored_state& state) -> result<int> {
      const state_check found = check_state(state, *physical, request);
      if (found.refusal && found.refusal->code == error_code::in_use) return *found.refusal;
      std::fputs((json ? json_of(found) : text_of(found)).c_str(), stdout);
      return found.refusal ? exit_refused : exit_finished;
    });
    return code ? *code : report_state_failure(name, code.error());
  }
};

state_verb::state_verb(CLI::App& app) : self_(std::make_unique<implementation>()) {
  self_->name = app.get_name() + " state";
  self_->verb = app.add_subcommand("state", "Shows what is in a state directory");
  self_->verb->require_subcommand(1);
  self_->commands = std::make_unique<state_commands>(*self_->verb, self_->name,
                                                     state_commands::directory::has_default);
  self_->add_check();
}

state_verb::~state_verb() = default;

std::vector<CLI::App*> state_verb::all() const {
  auto verbs = self_->commands->all();
  verbs.push_back(self_->check);
  return verbs;
}

bool state_verb::chosen() const {
  return self_->verb->parsed();
}

int state_verb::run(environment& env, const std::function<result<void>()>& look_up,
                    const std::function<result<void>()>& prepare) const {
  if (self_->commands->chosen()) {
    return self_->commands->run([&]() -> result<std::filesystem::path> {
      if (auto found = look_up(); !found) return found.error();
      return directory_of(env);
    });
  }
  if (auto prepared = prepare(); !prepared)
    return report_state_failure(self_->name, prepared.error());
  return self_->run_check(env);
}

}  // namespace weir
