// SPDX-License-Identifier: Apache-2.0
// plan_verb is the verb `plan`: it prints what would run, and what each source and sink guarantees.
//
// Owner:      main(), on its thread.
#pragma once

#include <string>

#include "dataflow/plan.hpp"
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

/// What describe() says, for programs. `job`: its name.
std::string plan_json(const plan& physical, const std::string& job);

}  // namespace weir
