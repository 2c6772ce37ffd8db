// SPDX-License-Identifier: Apache-2.0
// plan_verb is the verb `plan`: it prints what would run, and what each source and sink guarantees.
//
// Owner:      main(), on its thread.
#pragma once

#include <string>

#include "weir/environment.hpp"

namespace CLI {
class App;
}

namespace weir {

struct plan_verb {
  bool json = false;

  CLI::App* add_to(CLI::App& app);
  int run(const environment& env) const;
};

/// What environment::plan() says, for programs. Errors: the same.
result<std::string> plan_json(const environment& env);

}  // namespace weir
