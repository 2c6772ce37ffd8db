// SPDX-License-Identifier: Apache-2.0
// verb_config prints the configuration that a job would have, with the origin of each value; or the manual of all keys. It
// refuses what `run` would refuse of it, so that a settings file can be checked.
//
// Owner:      main(), on its thread.
// Invariants: the text is YAML that --config reads back to the same configuration, but for secrets, which are never
//             printed.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "weir/environment.hpp"

namespace weir {

struct config_verb {
  bool all = false;
  bool json = false;
  bool markdown = false;

  /// The verb `config` with its options.
  CLI::App* add_to(CLI::App& app);

  /// The exit code. `built` is what became of the program's graph: without one, its own settings may be incomplete.
  int run(const environment& env, const result<void>& built) const;
};

}  // namespace weir
