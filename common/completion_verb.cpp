// SPDX-License-Identifier: Apache-2.0
#include "common/completion_verb.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "common/configuration_key.hpp"

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

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string settings_words() {
  std::vector<std::string> words;
  for (const auto& key : configuration_keys()) {
    if (key.name.find('<') == key.name.npos) words.emplace_back(key.name);
  }
  return joined(words, " ");
}

/// A verb, or a verb's verb: "state list".
struct verb_words {
  std::string path;
  std::vector<std::string> words;  // that may follow
  bool takes_directory = false;
};

/// The program itself, then its verbs, each before its own.
void collect(const CLI::App& verb, const std::string& path, std::vector<verb_words>& into) {
  verb_words made{path, {}, false};
  for (const auto* inner : verb.get_subcommands({})) made.words.push_back(inner->get_name());
  for (const auto* option :
       path.empty() ? std::vector<const CLI::Option*>() : verb.get_options({})) {
    for (const auto& name : option->get_lnames()) made.words.push_back("--" + name);
    for (const auto& name : option->get_snames()) made.words.push_back("-" + name);
    made.takes_directory = made.takes_directory || option->get_name(true) == "directory";
  }
  if (path == "completion") made.words.insert(made.words.end(), {"bash", "zsh"});
  into.push_back(std::move(made));
  for (const auto* inner : verb.get_subcommands({})) {
    collect(*inner, path + (path.empty() ? "" : " ") + inner->get_name(), into);
  }
}

/// The cases of `case $verb in`: what may follow each verb.
std::string cases_of(const std::vector<verb_words>& verbs) {
  std::string cases;
  for (const auto& verb : verbs) {
    cases += "    '" + verb.path + "') words='" + joined(verb.words, " ") + "'" +
             (verb.takes_directory ? " directory=1" : "") + " ;;\n";
  }
  return cases;
}

/// The pattern of all verbs: 'run'|'state'|'state list'.
std::string pattern_of(const std::vector<verb_words>& verbs) {
  std::vector<std::string> paths;
  for (const auto& verb : verbs) {
    if (!verb.path.empty()) paths.push_back("'" + verb.path + "'");
  }
  return joined(paths, "|");
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& command, shell of) {
  const std::string name = plain_name(command);
  std::string function = "_weir_" + name;
  std::replace_if(
      function.begin(), function.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  std::vector<verb_words> verbs;
  collect(app, "", verbs);
  std::string script = of == shell::zsh ? "autoload -Uz bashcompinit && bashcompinit\n" : "";
  script += function +
            "() {\n"
            "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
            "  local verb='' words='' directory='' i\n"
            "  COMPREPLY=()\n"
            "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
            "    case \"${verb:+$verb }${COMP_WORDS[i]}\" in " +
            pattern_of(verbs) +
            ") verb=\"${verb:+$verb }${COMP_WORDS[i]}\" ;; esac\n"
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
            "  case $verb in\n" +
            cases_of(verbs) +
            "  esac\n"
            "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
            "  if [[ -n $directory ]]; then\n"
            "    COMPREPLY+=($(compgen -d -- \"$word\"))\n"
            "    compopt -o filenames 2> /dev/null\n"
            "  fi\n"
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

void completion_verb::run(const CLI::App& app, const std::string& command) const {
  const auto script =
      completion_script(app, command, shell_name == "zsh" ? shell::zsh : shell::bash);
  std::fputs(script.c_str(), stdout);
}

}  // namespace weir
