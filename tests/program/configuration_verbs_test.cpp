// SPDX-License-Identifier: Apache-2.0
// Specifies where a program's settings come from and what `config` prints of them, through whole
// processes: a small program with weir's command line, in a directory and an environment of its own.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/scratch_directory.hpp"
#include "program/outer_settings.hpp"
#include "weir/program.hpp"

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

struct outcome {
  int exit_code = -1;
  std::string output;  // of stdout and stderr
};

/// A directory with settings files, and the program run in it by a shell.
class workplace {
 public:
  workplace() {
    for (const auto& entry : weir::environment_variables()) {
      if (entry.starts_with("WEIR_")) unsetenv(entry.substr(0, entry.find('=')).c_str());
    }
  }

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(scratch_.path() / file) << text;
  }
  std::filesystem::path path() const { return scratch_.path(); }

  /// `variables` and `arguments` as a shell takes them. Variables of whoever runs the test stay out of it.
  outcome run(const std::string& arguments, const std::string& variables = {},
              const std::string& streams = "2>&1") const {
    return shell("env WEIR_LOG=warn " + variables + " '" WEIR_VICTIM "' " + arguments + " " +
                 streams);
  }

  outcome shell(const std::string& line) const {
    const std::string command = "cd '" + scratch_.path().string() + "' && " + line;
    outcome result;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::array<char, 4096> block;
    while (const auto count = fread(block.data(), 1, block.size(), pipe)) {
      result.output.append(block.data(), count);
    }
    const int status = pclose(pipe);
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    return result;
  }

 private:
  weir::scratch_directory scratch_;
};

}  // namespace

TEST_CASE("each source overrides those below it, and `config` says which one did") {
  const workplace here;
  CHECK(here.run("config").output ==
        "execution.checkpointing.interval: 20 ms  # program\n"
        "parallelism.default: 2                   # program\n");

  here.write("weir.yaml", "execution.checkpointing:\n  interval: 30 ms\nparallelism.default: 3\n");
  CHECK(here.run("config").output ==
        "execution.checkpointing.interval: 30 ms  # weir.yaml:2:3\n"
        "parallelism.default: 3                   # weir.yaml:3:1\n");

  CHECK(here.run("config", "WEIR_PARALLELISM_DEFAULT=4").output ==
        "execution.checkpointing.interval: 30 ms  # weir.yaml:2:3\n"
        "parallelism.default: 4                   # WEIR_PARALLELISM_DEFAULT\n");

  CHECK(here.run("config -D parallelism.default=9 -D parallelism.default=5",
                 "WEIR_PARALLELISM_DEFAULT=4")
            .output ==
        "execution.checkpointing.interval: 30 ms  # weir.yaml:2:3\n"
        "parallelism.default: 5                   # -D\n");

  here.write("other.yaml", "parallelism: {default: 6}\n");
  CHECK(here.run("config --config other.yaml").output ==
        "execution.checkpointing.interval: 20 ms  # program\n"
        "parallelism.default: 6                   # other.yaml:1:15\n");
}

TEST_CASE("what `config` prints is a file that --config reads to the same configuration") {
  const workplace here;
  const auto first = here.run(
      "config --all -D pipeline.name='a: \"b\" #c' -D weir.rest.token=hush -D "
      "state.backend=rocksdb "
      "-D metrics.reporter.p.port=1");
  REQUIRE(first.exit_code == 0);
  CHECK_FALSE(has(first.output, "hush"));
  CHECK(has(first.output, "# weir.rest.token: ******"));
  CHECK(has(first.output, "state.backend.type: rocksdb"));
  CHECK(has(first.output, "# notice: setting state.backend (-D) is now called state.backend.type"));

  here.write("copy.yaml", first.output);
  const auto values = [](const std::string& json) {
    auto all = nlohmann::json::parse(json);
    std::string text;
    for (const auto& one : all["settings"]) {
      text += one["key"].get<std::string>() + "=" + one["value"].get<std::string>() + "\n";
    }
    return text;
  };
  const auto again = here.run("config --json --all --config copy.yaml");
  const auto given = here.run(
      "config --json --all -D pipeline.name='a: \"b\" #c' -D state.backend=rocksdb "
      "-D metrics.reporter.p.port=1");
  CHECK(values(again.output) == values(given.output));
  CHECK(has(values(again.output), "pipeline.name=a: \"b\" #c\n"));
}

TEST_CASE("--json has key, value and origin, and masks secrets") {
  const workplace here;
  const auto printed = here.run("config --json", "WEIR_REST_TOKEN=hush");
  REQUIRE(printed.exit_code == 0);
  CHECK_FALSE(has(printed.output, "hush"));
  const auto all = nlohmann::json::parse(printed.output);
  REQUIRE(all["settings"].size() == 3);
  CHECK(all["settings"][1]["key"] == "parallelism.default");
  CHECK(all["settings"][1]["value"] == "2");
  CHECK(all["settings"][1]["origin"] == "program");
  CHECK(all["settings"][2]["value"] == "******");
  CHECK(all["notices"].empty());
}

TEST_CASE("all mistakes of all sources come at once, with exit code 2, for every verb") {
  const workplace here;
  here.write("weir.yaml",
             "parallelism.defalt: 2\nrest: [1]\nexecution.checkpointing.timeout: 10 minuts\n");
  for (const auto* verb : {"config", "plan", "run", "run --guard"}) {
    CAPTURE(verb);
    const auto refused = here.run(std::string(verb) + " -D rest.port=x", "WEIR_REST_PROT=1");
    CAPTURE(refused.output);
    CHECK(refused.exit_code == weir::exit_usage);
    CHECK(has(refused.output, "weir.yaml:1:1: \"parallelism.defalt\" (value \"2\")"));
    CHECK(has(refused.output, "nearest one is parallelism.default"));
    CHECK(has(refused.output, "weir.yaml:2:7: \"rest\" is given a list"));
    CHECK(has(refused.output,
              "weir.yaml:3:1: execution.checkpointing.timeout: duration \"10 minuts\""));
    CHECK(has(refused.output, "expected an integer and a unit of d, h"));
    CHECK(has(refused.output, "WEIR_REST_PROT: no setting has this variable"));
    CHECK(has(refused.output, "-D: rest.port = \"x\""));
  }
}

TEST_CASE(
    "settings that contradict each other come with the other mistakes, each with all origins") {
  const workplace here;
  here.write(
      "weir.yaml",
      "restart-strategy.exponential-delay:\n  initial-backoff: 2 min\nguard.restart.max-backoff: "
      "1 ms\nrest.bind-address: 192.0.2.1\n");
  const std::string given =
      " -D rest.port=70000 -D rest.prot=1 -D weir.injection.plan=explode -D "
      "restart-strategy.exponential-delay.max-backoff='1 s' --broken yes";
  const std::vector<std::string> always = {
      "weir.yaml:2:3: restart-strategy.exponential-delay.initial-backoff = 2 min with "
      "restart-strategy.exponential-delay.max-backoff = 1 s (-D): expected an initial backoff",
      "weir.yaml:3:1: guard.restart.max-backoff = 1 ms with guard.restart.initial-backoff = 200 ms "
      "(default): expected an initial backoff",
      "-D: weir.injection.plan = \"explode\": at byte 0: \"explode\": expected throw, kill",
      "-D: rest.port = \"70000\": it is too large", "nearest one is rest.port\n"};
  for (const auto* verb : {"config", "plan", "run", "run --guard", "status", "state list"}) {
    CAPTURE(verb);
    const auto refused = here.run(verb + given);
    CAPTURE(refused.output);
    CHECK(refused.exit_code == weir::exit_usage);
    for (const auto& line : always) CHECK(has(refused.output, line));
    // Its port is wrong already; the guard would not know whether the program sets a token.
    CHECK_FALSE(has(refused.output, "rest.bind-address"));
    const bool needs_graph = verb == std::string("plan") || verb == std::string("run");
    CHECK(has(refused.output, "\n--broken") == needs_graph);
  }
  here.write("weir.yaml", "rest.bind-address: 192.0.2.1\n");
  for (const auto* verb : {"config", "run", "run --guard"}) {
    const auto open = here.run(verb);
    CHECK(open.exit_code == weir::exit_usage);
    CHECK(has(open.output,
              "weir.yaml:1:1: rest.bind-address = \"192.0.2.1\" with weir.rest.token not set and "
              "rest.port = 8081 (default): the address reaches beyond this machine; expected "
              "weir.rest.token to be set, or an address of the loopback such as 127.0.0.1"));
  }
}

TEST_CASE("what the program sets may settle a contradiction, or make one") {
  const workplace here;
  CHECK(here.run("config -D guard.restart.initial-backoff='11 s'").exit_code == weir::exit_usage);
  CHECK(here.run("config -D restart-strategy.exponential-delay.initial-backoff='2 min' "
                 "--longest-backoff '5 min'")
            .exit_code == weir::exit_finished);
  // A guard does not know what the program sets, so it leaves this to the process that it starts.
  const auto guarded = here.run(
      "run --guard -D restart-strategy.exponential-delay.initial-backoff='2 min' "
      "--longest-backoff '5 min' -D rest.port=-1");
  CAPTURE(guarded.output);
  CHECK(guarded.exit_code == weir::exit_finished);
  const auto refused = here.run("run --longest-backoff '20 ms' -D rest.port=x");
  CHECK(refused.exit_code == weir::exit_usage);
  CHECK(has(refused.output, "-D: rest.port = \"x\""));
  CHECK(has(refused.output,
            "program: restart-strategy.exponential-delay.max-backoff = 20 ms with "
            "restart-strategy.exponential-delay.initial-backoff = 1 s (default): expected"));
}

TEST_CASE("a settings file that cannot be read is an error, also when it is the usual one") {
  const workplace here;
  CHECK(
      has(here.run("config --config gone.yaml").output, "gone.yaml: cannot be read: No such file"));
  CHECK(here.run("config --config gone.yaml").exit_code == weir::exit_usage);
  CHECK(has(here.run("config --config .").output, ".: is no regular file"));

  std::filesystem::create_directory(here.path() / "weir.yaml");
  CHECK(has(here.run("config").output, "weir.yaml: is no regular file"));
  std::filesystem::remove(here.path() / "weir.yaml");
  std::filesystem::create_symlink("nowhere", here.path() / "weir.yaml");
  CHECK(has(here.run("config").output, "weir.yaml: cannot be read"));
}

TEST_CASE("a job runs with the file's settings, and its log begins with the notices") {
  const workplace here;
  here.write("weir.yaml", "state.dir: kept\nstate.backend: rocksdb\nguard.restart.attempts: 1\n");
  const auto ran = here.run("run -D rest.port=-1");
  CAPTURE(ran.output);
  CHECK(ran.exit_code == weir::exit_finished);
  CHECK(std::filesystem::exists(here.path() / "kept"));
  CHECK(has(ran.output, "setting state.backend (weir.yaml:2:1) is now called state.backend.type"));
  CHECK(has(ran.output, "state.backend.type = rocksdb (weir.yaml:2:1) has no effect"));
}

TEST_CASE("the guard has the same configuration, but for what the program sets") {
  const workplace here;
  here.write("weir.yaml", "guard.restart.attempts: 0\ntask.hang.timeout: 0\n");
  const auto once = here.run("run --guard --crash yes -D rest.port=-1", "WEIR_LOG=info");
  CAPTURE(once.output);
  CHECK(once.exit_code == 128 + SIGABRT);
  CHECK(has(once.output, "not starting again: 0 restarts in a row"));

  const auto set_by_program = here.run("run --attempts 7 --config /dev/null");
  CHECK(has(set_by_program.output, "/dev/null: is no regular file"));
  here.write("empty.yaml", "");
  const auto warned = here.run("run --attempts 7 --config empty.yaml -D rest.port=-1");
  CHECK(
      has(warned.output, "setting guard.restart.attempts = 7 (program) has no effect: the guard"));
}

TEST_CASE("`config` refuses what `run` would refuse, and tells what it would tell") {
  const workplace here;
  const auto refused = here.run("config -D guard.restart.max-backoff=1ms -D weir.injection.plan=x");
  CHECK(refused.exit_code == weir::exit_usage);
  CHECK(has(refused.output, "weir.injection.plan"));
  CHECK(here.run("config -D restart-strategy.exponential-delay.max-backoff=1ms").exit_code ==
        weir::exit_usage);
  CHECK(here.run("config -D guard.restart.max-backoff=1ms").exit_code == weir::exit_usage);
  const auto noted = here.run("config --attempts 7 -D 'weir.injection.plan=throw task=look'");
  CHECK(noted.exit_code == weir::exit_finished);
  CHECK(has(noted.output, "# notice: setting guard.restart.attempts = 7 (program) has no effect"));
  CHECK(has(noted.output,
            "# notice: setting weir.injection.plan = \"throw task=look\" (-D) has no effect"));
}

TEST_CASE("a program that makes no job with these options still has a configuration") {
  const workplace here;
  const auto printed = here.run("config --broken yes");
  CHECK(printed.exit_code == weir::exit_finished);
  CHECK(has(printed.output, "the program makes no job"));
  CHECK(has(printed.output, "parallelism.default: 2"));
  CHECK(here.run("plan --broken yes").exit_code == weir::exit_usage);
}

TEST_CASE("an option that a program may not have is one line and exit code 2, whatever the verb") {
  const workplace here;
  const auto with = [&here](const std::string& option, const std::string& arguments) {
    return here.run(arguments, "EXTRA_OPTION='" + option + "'");
  };
  for (const auto* own : {"--config", "-D", "--json", "--at", "--fresh", "--from", "--guard",
                          "--why", "--allow-duplicates", "--help", "-h", "-x,--json"}) {
    const auto refused = with(own, "config");
    CAPTURE(refused.output);
    CHECK(refused.exit_code == weir::exit_usage);
    CHECK(refused.output.starts_with("configured: invalid argument: the program's option '" +
                                     std::string(own) + "' cannot be added: '"));
    CHECK(has(refused.output, "' has it already; expected another name\n"));
    CHECK(std::count(refused.output.begin(), refused.output.end(), '\n') == 1);
  }
  CHECK(has(with("--fresh", "--help").output, "'run' has it already"));
  CHECK(has(with("--at", "run").output, "'status' has it already"));
  CHECK(has(with("--crash", "run").output, "'run' has it already"));  // the program's own, twice
  const auto nameless = with("---", "run");
  CHECK(nameless.exit_code == weir::exit_usage);
  CHECK(has(nameless.output, "the program's option '---' cannot be added: "));
}

TEST_CASE("verbs that only read hide a program's option behind their own") {
  const workplace here;
  for (const auto* option : {"--all", "--markdown", "--operator", "--limit"}) {
    CAPTURE(option);
    const auto printed =
        here.run("plan " + std::string(option) + " x", "EXTRA_OPTION=" + std::string(option));
    CHECK(printed.exit_code == weir::exit_finished);
  }
  CHECK(has(here.run("config --all", "EXTRA_OPTION=--all").output, "# default"));
}

TEST_CASE("help of every verb has examples with the name of the program's file") {
  const workplace here;
  for (const std::string verb :
       {"run", "plan", "config", "status", "checkpoints", "exceptions", "crash", "checkpoint",
        "stop", "cancel", "state list", "state dump", "state verify", "state check"}) {
    const auto help = here.run(verb + " --help");
    CAPTURE(help.output);
    CHECK(help.exit_code == weir::exit_finished);
    CHECK(has(help.output, "Usage: configured_program " + verb + " "));
    CHECK(has(help.output, "Examples"));
    CHECK(has(help.output, "\n  configured_program " + verb));
    CHECK(has(help.output, "--crash"));
    const bool prints = verb != "run";
    CHECK(has(help.output, "--json") == prints);
  }
  CHECK(has(here.run("--help").output, "Exit codes: 0 finished, 1 the job failed, 2 usage"));
  const auto mistyped = here.run("staus --why");
  CHECK(mistyped.output ==
        "configured: invalid argument: \"staus\" is no verb; the nearest one is status, "
        "configured_program --help lists all\n");
  CHECK(has(here.run("state lst").output, "\"lst\" is no verb; the nearest one is list"));
  CHECK(has(here.run("state").output, "expected a verb behind configured_program state; "));
  CHECK(has(here.run("").output, "expected a verb behind configured_program; "));
  CHECK(has(here.run("crash").output, "task-or-fault is required"));
  for (const auto* wrong : {"", "state", "state lst", "staus", "crash", "run --fly", "run --from x",
                            "config --json --markdown"}) {
    CAPTURE(wrong);
    CHECK(here.run(wrong).exit_code == weir::exit_usage);
  }
}

TEST_CASE("`plan --json` has operators with guarantees, chains and exchanges") {
  const workplace here;
  const auto printed = here.run("plan --json");
  REQUIRE(printed.exit_code == weir::exit_finished);
  const auto plan = nlohmann::json::parse(printed.output);
  CHECK(plan["job"] == "configured");
  CHECK(plan["checkpoints"]["mode"] == "EXACTLY_ONCE");
  CHECK(plan["checkpoints"]["aligned"] == true);
  CHECK(has(here.run("plan").output, "markers are aligned on every exchange"));
  REQUIRE(plan["operators"].size() == 3);
  CHECK(plan["operators"][1]["name"] == "look");
  CHECK(plan["operators"][1]["kind"] == "operation");
  CHECK(plan["operators"][1]["inputs"][0]["from"] == "numbers");
  CHECK(plan["operators"][2]["kind"] == "sink");
  CHECK_FALSE(plan["operators"][2]["guarantee"].get<std::string>().empty());
  CHECK(plan["chains"].size() == 1 + plan["exchanges"].size());
  for (const auto& chain : plan["chains"]) CHECK(chain["parallelism"].get<int>() > 0);
}

TEST_CASE("a shell completes verbs, options and settings by the script that `completion` prints") {
  const workplace here;
  const auto script = here.run("completion bash");
  REQUIRE(script.exit_code == 0);
  here.write("completion.sh", script.output);
  const auto completed = [&here](const std::string& words, const std::string& last) {
    std::string typed = "configured_program " + words;
    return here
        .shell("bash -c 'source ./completion.sh; COMP_WORDS=(" + typed + " \"" + last +
               "\"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _weir_configured_program; "
               "printf \"%s\\n\" \"${COMPREPLY[@]}\"'")
        .output;
  };
  CHECK(completed("", "co") == "config\ncompletion\n");
  CHECK(completed("run", "--fre") == "--fresh\n");
  CHECK(completed("run", "--cr") == "--crash\n");
  CHECK(completed("config", "--mark") == "--markdown\n");
  CHECK(completed("run -D", "rest.po") == "rest.port=\n");
  CHECK(completed("run --config", "./compl") == "./completion.sh\n");
  CHECK(completed("completion", "z") == "zsh\n");
  CHECK(completed("state", "l") == "list\n");
  CHECK(completed("state dump", "--op") == "--operator\n");
  CHECK(completed("state check", "--cr") == "--crash\n");
  CHECK(completed("run --crash state", "--fre") == "--fresh\n");
  std::filesystem::create_directory(here.path() / "counts");
  CHECK(completed("state dump", "coun") == "counts\n");
  CHECK(has(here.run("completion zsh").output, "bashcompinit"));
  CHECK(here.run("completion fish").exit_code == weir::exit_usage);
}
