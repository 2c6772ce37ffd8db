// SPDX-License-Identifier: Apache-2.0
// program gives an application weir's command line: `run`, `plan`, `config`, `state`, and the verbs that ask a running job (`status`,
// `checkpoints`, `exceptions`, `crash`, `checkpoint`, `stop`, `cancel`), with -D key=value, beside the application's own
// options. weir::main is the short form for applications without options.
//
// Owner:      main(), on its thread.
// Errors:     exit codes: 0 finished, 1 job failed, 2 usage, 3 refused (state or plan does not fit), 4 a task hangs,
//             5 no job runs there; 128 + n: ended by signal n.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "weir/environment.hpp"

namespace weir {

enum exit_code : int {
  exit_finished = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_refused = 3,
  exit_hung = 4,
  exit_no_job = 5,
};

/// Builds the graph. An error that it returns is a usage error (an option that makes no sense).
using build_function = std::function<result<void>(environment&)>;

class program {
 public:
  program(std::string name, std::string description);
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Adds an option of the application ("--input"); `value` holds its default and must outlive main(). A name that weir's
  /// own verbs have (--config, --json, --fresh ...) makes main() end with a line about it and exit code 2.
  program& option(const std::string& flag, std::string& value, const std::string& help);

  /// Adds an option without a value ("--journal"): it sets `value`, which must outlive main().
  program& flag(const std::string& flag, bool& value, const std::string& help);

  /// Parses the command line, builds the graph, runs the verb; the process's exit code.
  int main(int argc, char** argv, const build_function& build);

 private:
  struct implementation;
  std::unique_ptr<implementation> self_;
};

/// For applications without options of their own: the process's exit code. `name` is the job's and the program's.
int main(int argc, char** argv, const std::string& name,
         const std::function<void(environment&)>& build);

}  // namespace weir
