// SPDX-License-Identifier: Apache-2.0
#include "program/verb_completion.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "common/configuration_key.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

/// The last part of a path, without what a shell would not take as it is.
std::string plain_name(const std::string& command) {
  std::string name = command.substr(command.rfind('/') + 1);
  std::erase_if(name, [](char c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return !word && c != '_' && c != '-' && c != '.';
  });
  return name.empty() ? "program" : name;
}

std::string options_of(const CLI::App& verb) {
  std::string words;
  for (const auto* option : verb.get_options({})) {
    for (const auto& name : option->get_lnames()) words += " --" + name;
    for (const auto& name : option->get_snames()) words += " -" + name;
  }
  return words.empty() ? words : words.substr(1);
}

std::string settings_words() {
  std::string words;
  for (const auto& key : configuration_keys()) {
    if (key.name.find('<') == key.name.npos)
      words += (words.empty() ? "" : " ") + std::string(key.name);
  }
  return words;
}

/// The cases of `case $verb in`: what may follow each verb.
std::string cases_of(const CLI::App& app) {
  std::string cases;
  for (const auto* verb : app.get_subcommands({})) {
    std::string words = options_of(*verb);
    if (verb->get_name() == "completion") words += " bash zsh";
    cases += "    " + verb->get_name() + ") words='" + words + "' ;;\n";
  }
  return cases;
}

std::string verbs_of(const CLI::App& app, const char* between) {
  std::string words;
  for (const auto* verb : app.get_subcommands({})) {
    words += (words.empty() ? "" : between) + verb->get_name();
  }
  return words;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& command, shell of) {
  const std::string name = plain_name(command);
  std::string function = "_weir_" + name;
  std::replace_if(
      function.begin(), function.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  std::string script = of == shell::zsh ? "autoload -Uz bashcompinit && bashcompinit\n" : "";
  script +=
      function + "() {\n" +
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb='' words i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case ${COMP_WORDS[i]} in " +
      verbs_of(app, "|") +
      ") verb=${COMP_WORDS[i]}; break ;; esac\n"
      "  done\n"
      "  if [[ $before == -D ]]; then\n"
      "    words='" +
      settings_words() +
      "'\n"
      "    COMPREPLY=($(compgen -S = -W \"$words\" -- \"$word\"))\n"
      "    compopt -o nospace 2> /dev/null\n"
      "    return 0\n"
      "  fi\n"
      "  if [[ $before == --config ]]; then\n"
      "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
      "    return 0\n"
      "  fi\n"
      "  case $verb in\n"
      "    '') words='" +
      verbs_of(app, " ") + "' ;;\n" + cases_of(app) +
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n";
  return script + "complete -F " + function + " " + name + "\n";
}

CLI::App* completion_verb::add_to(CLI::App& app) {
  auto* verb = app.add_subcommand(
      "completion", "Prints a script for a shell: source <(PROGRAM completion bash), or zsh");
  verb->add_option("shell", shell_name, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  return verb;
}

int completion_verb::run(const CLI::App& app, const std::string& command) const {
  const auto script =
      completion_script(app, command, shell_name == "zsh" ? shell::zsh : shell::bash);
  std::fputs(script.c_str(), stdout);
  return exit_finished;
}

}  // namespace weir
