// SPDX-License-Identifier: Apache-2.0
// state_verb is a program's verb `state`: list, dump and verify (state_tools), and check, which asks whether the program
// would go on from a checkpoint.
//
// Owner:      main(), on its thread.
// Errors:     exit codes as in weir/program.hpp; 3 also when a restart would be refused.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/environment.hpp"

namespace CLI {
class App;
}

namespace weir {

class state_verb {
 public:
  /// Adds the verb to a program's command line.
  explicit state_verb(CLI::App& app);
  ~state_verb();
  state_verb(const state_verb&) = delete;
  state_verb& operator=(const state_verb&) = delete;

  /// Its subcommands, for options besides.
  std::vector<CLI::App*> all() const;
  bool chosen() const;
  /// The exit code. Each is asked only when it is needed: `look_up` fills in the settings, for the state directory when the
  /// command line names none, whether or not there is a graph; `prepare` the graph as well.
  int run(environment& env, const std::function<result<void>()>& look_up,
          const std::function<result<void>()>& prepare) const;

 private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

}  // namespace weir
