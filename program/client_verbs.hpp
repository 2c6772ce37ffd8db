// SPDX-License-Identifier: Apache-2.0
// client_verbs puts the verbs that ask a running job on a command line, finds the job, and runs the one that was chosen.
//
// Owner:      main(), on its thread.
// Errors:     exit codes of include/weir/program.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "program/client_verb.hpp"
#include "weir/environment.hpp"

namespace weir {

class client_verbs {
 public:
  client_verbs();

  void add_to(CLI::App& app);
  /// Whether the command line that was parsed has one of them.
  bool chosen() const;
  /// `env` has the settings that say where the job's state is; its graph is not needed.
  int run(const environment& env);

 private:
  result<rest::job_client> find_job(const environment& env) const;

  struct registered {
    std::unique_ptr<client_verb> verb;
    CLI::App* parsed = nullptr;
  };
  std::vector<registered> verbs_;
  std::string at_;
};

}  // namespace weir
