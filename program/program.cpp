// SPDX-License-Identifier: Apache-2.0
#include "weir/program.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "common/log.hpp"

namespace weir {
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

/// "key=value" texts of -D into the environment.
result<void> apply_settings(environment& env, const std::vector<std::string>& assignments) {
  for (const auto& text : assignments) {
    const auto at = text.find('=');
    if (at == std::string::npos || at == 0) {
      return error{error_code::invalid_argument, "-D '" + text + "': expected key=value"};
    }
    env.set(text.substr(0, at), text.substr(at + 1));
  }
  return {};
}

struct verbs {
  bool run = false;
  std::vector<std::string> assignments;
  start_options start;
  std::uint64_t from = 0;
};

/// Cancels the job on SIGINT and SIGTERM: they are blocked in every thread but the one that waits for them.
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
  void watch(job running) {
    thread_ = std::thread([this, running]() mutable {
      int number = 0;
      sigwait(&watched_, &number);
      if (number == wake_signal) return;
      received_ = number;
      running.cancel();
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
  signal_watch signals;
  auto running = env.execute(start);
  if (!running) return print_failure(env.name(), running.error());
  signals.watch(*running);
  const job_report report = running->wait();
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

  void add_common(CLI::App& verb, verbs& chosen) {
    for (auto& added : options) {
      verb.add_option(added.flag, *added.value, added.help)->capture_default_str();
    }
    verb.add_option("-D", chosen.assignments, "a setting, key=value; may be repeated")
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

int program::main(int argc, char** argv, const build_function& build) {
  CLI::App app(self_->description, self_->name);
  app.require_subcommand(1);
  verbs chosen;
  auto* run = app.add_subcommand(
      "run", "Runs the job in this process, from its last checkpoint if there is one");
  auto* plan =
      app.add_subcommand("plan", "Prints the graph, its chains and exchanges, and every guarantee");
  self_->add_common(*run, chosen);
  self_->add_common(*plan, chosen);
  run->add_flag("--fresh", chosen.start.fresh, "begin anew instead of at the last checkpoint");
  auto* from =
      run->add_option("--from", chosen.from, "begin at this checkpoint instead of the last one");
  run->add_flag("--allow-duplicates", chosen.start.allow_duplicates,
                "go back to an older checkpoint although sinks may repeat output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? exit_finished : exit_usage;
  }
  if (from->count() != 0) chosen.start.from = epoch_id{chosen.from};

  environment env(self_->name);
  if (auto set = apply_settings(env, chosen.assignments); !set)
    return print_failure(self_->name, set.error());
  if (auto built = build(env); !built) return print_failure(self_->name, built.error());
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
