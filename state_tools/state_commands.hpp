// SPDX-License-Identifier: Apache-2.0
// state_commands are the subcommands list, dump and verify on a command line: for weir-state, and for the verb `state` of
// every program.
//
// Owner:      main(), on its thread.
// Errors:     exit codes as in weir/program.hpp: 0; 1 nothing found, or the output could not be written; 2 usage; 3 damaged,
//             missing, or not to be read.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/core/result.hpp"

namespace CLI {
class App;
}

namespace weir {

class state_commands {
 public:
  enum class directory : unsigned char { required, has_default };

  /// Adds the subcommands. `name`: of the program, for examples and messages.
  state_commands(CLI::App& to, const std::string& name, directory given);
  ~state_commands();
  state_commands(const state_commands&) = delete;
  state_commands& operator=(const state_commands&) = delete;

  /// For options besides.
  std::vector<CLI::App*> all() const;
  /// One of them was on the command line.
  bool chosen() const;
  /// Runs it; the exit code. `otherwise` gives the directory when the command line does not.
  int run(const std::function<result<std::filesystem::path>()>& otherwise) const;

 private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

/// What a failed command comes to: prints the error to stderr, and gives its exit code.
int report_state_failure(const std::string& name, const error& failure);

}  // namespace weir
