// SPDX-License-Identifier: Apache-2.0
#include "weir/program.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "common/completion_verb.hpp"
#include "common/configuration.hpp"
#include "common/edit_distance.hpp"
#include "common/log.hpp"
#include "common/quoted.hpp"
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
#include "program/verb_plan.hpp"

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

  CLI::App* add_run(CLI::App& app) {
    auto* run = app.add_subcommand(
        "run", "Runs the job in this process, from its last checkpoint if there is one");
    run->add_flag("--fresh", start.fresh, "begin anew instead of at the last checkpoint");
    run->add_option("--from", from, "begin at this checkpoint instead of the last one");
    run->add_flag("--allow-duplicates", start.allow_duplicates,
                  "go back to an older checkpoint although sinks may repeat output");
    run->add_flag("--guard", guard,
                  "run the job in a child process, and start that again after a crash");
    const std::string begin = "\n  " + app.get_name() + " run";
    run->footer(
        "Examples, with the program's options behind them:" + begin +
        " -D parallelism.default=2 -D execution.checkpointing.interval=\"100 ms\"" + begin +
        " --fresh" + begin + " --from 12" + begin +
        " --guard\n"
        "SIGINT (Ctrl-C) and SIGTERM stop the job with a final checkpoint, a second one at once.");
    return run;
  }
  start_options start_of(const CLI::App& run) const {
    start_options made = start;
    if (run.count("--from") != 0) made.from = epoch_id{from};
    return made;
  }
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

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// What is wrong with the verb, of which the parser would only say that one is required; empty: nothing.
std::string wrong_verb(const CLI::App& app, std::span<char*> words) {
  const CLI::App* at = &app;
  std::string before = app.get_name();
  for (const std::string word : words) {
    const auto verbs = at->get_subcommands({});
    if (verbs.empty() || word.starts_with('-')) return {};
    const auto found = std::find_if(verbs.begin(), verbs.end(),
                                    [&word](auto* verb) { return verb->get_name() == word; });
    if (found == verbs.end()) {
      std::vector<std::string_view> names;
      for (const auto* verb : verbs) names.push_back(verb->get_name());
      return detail::quoted(word) + " is no verb; the nearest one is " +
             std::string(nearest_word(word, names)) + ", " + before + " --help lists all";
    }
    at = *found;
    before += " " + word;
  }
  if (at->get_subcommands({}).empty()) return {};
  return "expected a verb behind " + before + "; " + before + " --help lists them";
}

constexpr const char* exit_codes =
    "Each verb explains itself: --help behind it.\n"
    "Exit codes: 0 finished, 1 the job failed, 2 usage, 3 refused (the state directory), 4 a task "
    "hangs,\n"
    "5 no job runs there, 128 + n ended by signal n.";

}  // namespace

struct program::implementation {
  std::string name;
  std::string description;
  struct option {
    std::string flag;
    std::variant<std::string*, bool*> value;
    std::string help;
  };
  std::vector<option> options;
  std::string refused;  // why the options cannot be those of a program; or empty

  /// What becomes of an option of the application that a verb has itself.
  enum class clash : std::uint8_t { refused, hidden };

  /// What every verb has, behind its own options.
  void add_common(CLI::App& verb, verbs& chosen, clash with_own) {
    verb.add_option("--config", chosen.settings.file,
                    "a file of settings in YAML; else weir.yaml when there is one here");
    verb.add_option("-D", chosen.settings.assignments, "a setting, key=value; may be repeated")
        ->allow_extra_args(false);
    for (auto& one : options) {
      try {
        add(verb, one);
      } catch (const CLI::OptionAlreadyAdded&) {
        if (with_own == clash::refused) refuse(one, "'" + verb.get_name() + "' has it already");
      } catch (const CLI::ConstructionError& why) {
        refuse(one, why.what());
      }
    }
  }
  static void add(CLI::App& verb, option& one) {
    auto* const* text = std::get_if<std::string*>(&one.value);
    auto* added = text != nullptr
                      ? verb.add_option(one.flag, **text, one.help)->capture_default_str()
                      : verb.add_flag(one.flag, *std::get<bool*>(one.value), one.help);
    added->group("The program's options");
  }
  void refuse(const option& one, const std::string& why) {
    if (refused.empty()) {
      refused = "the program's option '" + one.flag + "' cannot be added: " + why +
                "; expected another name";
    }
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
  self_->options.push_back({flag, &value, help});
  return *this;
}

int program::main(int argc, char** argv, const build_function& build) {
  using clash = implementation::clash;
  CLI::App app(self_->description, file_name(argc > 0 ? argv[0] : self_->name));
  app.require_subcommand(1);
  app.footer(exit_codes);
  verbs chosen;
  const auto* run = chosen.add_run(app);
  plan_verb planned;
  const auto* plan = planned.add_to(app);
  config_verb configured;
  const auto* config = configured.add_to(app);
  const state_verb state(app);
  client_verbs clients;
  clients.add_to(app);
  for (auto* verb : app.get_subcommands({})) {
    if (verb->get_name() != "state") {
      self_->add_common(*verb, chosen, verb == config ? clash::hidden : clash::refused);
    }
  }
  for (auto* verb : state.all()) self_->add_common(*verb, chosen, clash::hidden);
  completion_verb completion;
  const auto* complete = completion.add_to(app);
  if (!self_->refused.empty()) {
    return print_failure(self_->name, {error_code::invalid_argument, self_->refused});
  }
  if (const auto wrong = wrong_verb(app, {argv + std::min(argc, 1), argv + argc}); !wrong.empty()) {
    return print_failure(self_->name, {error_code::invalid_argument, wrong});
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? exit_finished : exit_usage;
  }
  if (complete->parsed()) {
    completion.run(app, argv[0]);
    return exit_finished;
  }
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
  return plan->parsed() ? planned.run(env) : run_job(env, chosen.start_of(*run));
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
