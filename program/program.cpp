// SPDX-License-Identifier: Apache-2.0
#include "weir/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/completion_verb.hpp"
#include "common/configuration.hpp"
#include "common/log.hpp"
#include "coordinator/watchdog.hpp"
#include "program/client_verbs.hpp"
#include "program/environment_settings.hpp"
#include "program/guard.hpp"
#include "program/guard_link.hpp"
#include "program/job_control.hpp"
#include "program/live_status.hpp"
#include "program/outer_settings.hpp"
#include "program/start_job.hpp"
#include "program/state_verb.hpp"
#include "program/verb_config.hpp"

namespace weir {

static_assert(hang_exit_code == exit_hung && memory_exit_code == exit_failed,
              "the watchdog ends the process with the codes that are documented");

namespace {

int exit_code_of(const error& failure) {
  switch (failure.code) {
    case error_code::invalid_argument:
      return exit_usage;
    case error_code::corrupt:
    case error_code::incompatible:
    case error_code::not_found:
    case error_code::in_use:
      return exit_refused;
    default:
      return exit_failed;
  }
}

int print_failure(const std::string& name, const error& failure) {
  std::fprintf(stderr, "%s: %s\n", name.c_str(), failure.text().c_str());
  return exit_code_of(failure);
}

struct verbs {
  bool guard = false;
  outer_settings settings;
  start_options start;
  std::uint64_t from = 0;
};

/// Stops the job with a final checkpoint on SIGINT and SIGTERM, and cancels it on the second one: they are blocked in every
/// thread but the one that waits for them.
class signal_watch {
 public:
  signal_watch() {
    sigemptyset(&watched_);
    sigaddset(&watched_, SIGINT);
    sigaddset(&watched_, SIGTERM);
    sigaddset(&watched_, wake_signal);
    pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  }
  ~signal_watch() {
    stop();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  /// Calls `look` now and then until it says true: it has seen what it waits for.
  void watch(job running, std::function<bool()> look) {
    thread_ = std::thread([this, running, look]() mutable {
      const timespec pause{0, 50'000'000};
      for (bool looks = true;;) {
        looks = looks && !look();
        const int number =
            looks ? sigtimedwait(&watched_, nullptr, &pause) : sigwaitinfo(&watched_, nullptr);
        if (number < 0) continue;  // the pause is over, or a signal that is not watched came
        if (number == wake_signal) return;
        if (std::exchange(received_, number) != 0) return running.cancel();
        running.stop();
      }
    });
  }
  void stop() {
    if (!thread_.joinable()) return;
    pthread_kill(thread_.native_handle(), wake_signal);
    thread_.join();
  }
  int received() const { return received_; }

 private:
  static constexpr int wake_signal = SIGUSR2;
  sigset_t watched_{};
  sigset_t before_{};
  std::thread thread_;
  int received_ = 0;
};

int run_job(environment& env, const start_options& start) {
  auto link = guard_link::from_environment();
  signal_watch signals;
  auto running = start_job(env, start, rest::serving::always);
  if (!running) return print_failure(env.name(), running.error());
  // With --from, a restart goes on only from a checkpoint of this run; with --fresh the beginning is one.
  signals.watch(*running, [&, begun = *running, said = false]() mutable {
    if (!said && (!start.from || begun.status().checkpoints_completed > 0)) {
      link.report_resumable();
      said = true;
    }
    return said;
  });
  auto& controls = running->share_control()->runtime().controls();
  live_status shown(controls, live_mode_for(*controls.observe().identity->physical));
  const job_report report = running->wait();
  shown.end();
  signals.stop();
  if (report.state == job_state::failed) {
    std::fprintf(stderr, "%s: job failed: %s\n", env.name().c_str(),
                 report.failure->text().c_str());
    return report.failure->recovery_class() == recovery::fail_job &&
                   report.failure->code == error_code::incompatible
               ? exit_refused
               : exit_failed;
  }
  if (signals.received() != 0) return 128 + signals.received();
  return exit_finished;
}

/// Nothing of the program's own code runs in the guard, so it knows all settings but those that the program sets.
int guard_job(const std::string& name, const configuration& outer, int argc, char** argv) {
  return run_guarded(name, guard_settings::from(outer), {argv, argv + argc});
}

/// Rules that hold or not whatever the program sets: what is given overrides that, and the guard ignores it.
std::vector<settings_rule> rules_without_program(const read_settings& outer) {
  const auto is_known = [&](std::string_view key) {
    const auto gives = [key](const setting& one) {
      const auto* old = find_old_key(one.key);
      return one.key == key || (old != nullptr && old->name == key);
    };
    return key.starts_with("guard.") || std::any_of(outer.given.begin(), outer.given.end(), gives);
  };
  auto rules = settings_rules();
  std::erase_if(rules, [&](const settings_rule& rule) {
    return !std::all_of(rule.keys.begin(), rule.keys.end(), is_known);
  });
  return rules;
}

int print_plan(const environment& env) {
  auto text = env.plan();
  if (!text) return print_failure(env.name(), text.error());
  std::fputs(text->c_str(), stdout);
  return exit_finished;
}

}  // namespace

struct program::implementation {
  std::string name;
  std::string description;
  struct option {
    std::string flag;
    std::string* value;
    std::string help;
  };
  std::vector<option> options;
  struct flag {
    std::string name;
    bool* value;
    std::string help;
  };
  std::vector<flag> flags;

  void add_common(CLI::App& verb, verbs& chosen) {
    for (auto& added : options) {
      verb.add_option(added.flag, *added.value, added.help)->capture_default_str();
    }
    for (auto& added : flags) verb.add_flag(added.name, *added.value, added.help);
    add_settings(verb, chosen);
  }
  /// The same to a verb with options of its own, which go before the application's.
  void add_besides(CLI::App& verb, verbs& chosen) {
    const auto add = [](const auto& made) {
      try {
        made();
      } catch (const CLI::OptionAlreadyAdded&) {
      }
    };
    for (auto& one : options) add([&] { verb.add_option(one.flag, *one.value, one.help); });
    for (auto& one : flags) add([&] { verb.add_flag(one.name, *one.value, one.help); });
    add_settings(verb, chosen);
  }
  static void add_settings(CLI::App& verb, verbs& chosen) {
    verb.add_option("--config", chosen.settings.file,
                    "a file of settings in YAML; else weir.yaml when there is one here");
    verb.add_option("-D", chosen.settings.assignments, "a setting, key=value; may be repeated")
        ->allow_extra_args(false);
  }
};

program::program(std::string name, std::string description)
    : self_(std::make_unique<implementation>()) {
  self_->name = std::move(name);
  self_->description = std::move(description);
}
program::~program() = default;

program& program::option(const std::string& flag, std::string& value, const std::string& help) {
  self_->options.push_back({flag, &value, help});
  return *this;
}

program& program::flag(const std::string& flag, bool& value, const std::string& help) {
  self_->flags.push_back({flag, &value, help});
  return *this;
}

int program::main(int argc, char** argv, const build_function& build) {
  CLI::App app(self_->description, self_->name);
  app.require_subcommand(1);
  verbs chosen;
  auto* run = app.add_subcommand(
      "run", "Runs the job in this process, from its last checkpoint if there is one");
  auto* plan =
      app.add_subcommand("plan", "Prints the graph, its chains and exchanges, and every guarantee");
  config_verb configured;
  auto* config = configured.add_to(app);
  for (auto* verb : {run, plan}) self_->add_common(*verb, chosen);
  self_->add_besides(*config, chosen);
  const state_verb state(app, self_->name);
  for (auto* verb : state.all()) self_->add_besides(*verb, chosen);
  client_verbs clients;
  clients.add_to(app, [&](CLI::App& verb) { self_->add_common(verb, chosen); });
  completion_verb completion;
  const auto* complete = completion.add_to(app);
  run->add_flag("--fresh", chosen.start.fresh, "begin anew instead of at the last checkpoint");
  auto* from =
      run->add_option("--from", chosen.from, "begin at this checkpoint instead of the last one");
  run->add_flag("--allow-duplicates", chosen.start.allow_duplicates,
                "go back to an older checkpoint although sinks may repeat output");
  run->add_flag("--guard", chosen.guard,
                "run the job in a child process, and start that again after a crash");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? exit_finished : exit_usage;
  }
  if (complete->parsed()) {
    completion.run(app, argv[0]);
    return exit_finished;
  }
  if (from->count() != 0) chosen.start.from = epoch_id{chosen.from};

  auto outer = chosen.settings.read(environment_variables());
  if (chosen.guard) {
    const auto known = configuration::from(outer, rules_without_program(outer));
    return known ? guard_job(self_->name, *known, argc, argv)
                 : print_failure(self_->name, known.error());
  }
  environment env(self_->name);
  // For verbs that need the program's settings alone: whether or not there is a graph, it is not run.
  result<void> built;
  const auto look_up = [&]() -> result<void> {
    env.override_with(std::move(outer.given));
    built = build(env);
    auto settings = configuration_of(env, std::move(outer.mistakes));
    return settings ? result<void>() : settings.error();
  };
  const auto prepare = [&]() -> result<void> {
    auto settings = look_up();
    if (settings || built) return settings ? built : settings;
    return error{error_code::invalid_argument,
                 settings.error().message + "\n" + built.error().message};
  };
  if (state.chosen()) return state.run(env, look_up, prepare);
  if (clients.chosen() || config->parsed()) {
    if (auto found = look_up(); !found) return print_failure(self_->name, found.error());
    return config->parsed() ? configured.run(env, built) : clients.run(env);
  }
  if (auto prepared = prepare(); !prepared) return print_failure(self_->name, prepared.error());
  return plan->parsed() ? print_plan(env) : run_job(env, chosen.start);
}

int main(int argc, char** argv, const std::string& name,
         const std::function<void(environment&)>& build) {
  program app(name, name);
  return app.main(argc, argv, [&](environment& env) -> result<void> {
    build(env);
    return {};
  });
}

}  // namespace weir
