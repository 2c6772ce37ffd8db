// SPDX-License-Identifier: Apache-2.0
// Shows what is in a state directory, without the program that wrote it (docs/state_tools.md).
//
//   weir-state list | dump | verify DIRECTORY
//   weir-state completion bash | zsh
#include <CLI/CLI.hpp>

#include "common/completion_verb.hpp"
#include "state_tools/state_commands.hpp"

int main(int argc, char** argv) {
  CLI::App app("Shows what is in a weir job's state directory.", "weir-state");
  app.require_subcommand(1);
  const weir::state_commands commands(app, "weir-state", weir::state_commands::directory::required);
  weir::completion_verb completion;
  const auto* complete = completion.add_to(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  }
  if (complete->parsed()) {
    completion.run(app, argv[0]);
    return 0;
  }
  return commands.run([]() -> weir::result<std::filesystem::path> {
    return weir::error{weir::error_code::invalid_argument, "no directory was given"};
  });
}
