// SPDX-License-Identifier: Apache-2.0
// completion_verb prints a script by which a shell completes a program's verbs, theirs in turn, options and keys of
// settings. It is made from the command line's own description, so that the options of an application are in it.
//
// Owner:      main(), on its thread.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace weir {

enum class shell : bool { bash, zsh };

/// For the program that a shell finds as `command`: letters, digits and "_.-" of its last part.
std::string completion_script(const CLI::App& app, const std::string& command, shell of);

struct completion_verb {
  std::string shell_name;

  /// The verb `completion`, which takes the name of a shell.
  CLI::App* add_to(CLI::App& app);

  /// Prints the script. `command` is the program's argv[0].
  void run(const CLI::App& app, const std::string& command) const;
};

}  // namespace weir
