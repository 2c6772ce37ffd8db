// SPDX-License-Identifier: Apache-2.0
// The verb `exceptions`.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "program/client_verb.hpp"
#include "program/job_texts.hpp"

namespace weir {
namespace {

class exceptions_verb final : public client_verb {
 public:
  std::string name() const override { return "exceptions"; }
  std::string purpose() const override {
    return "Prints what has failed in the running job, and how it went on";
  }
  std::vector<std::string> examples() const override { return {"exceptions", "exceptions --json"}; }
  void add_options(CLI::App& verb) override {
    verb.add_flag("--json", json_, "print the answer as it came, as JSON");
  }
  result<std::string> run(rest::job_client& job) override {
    const auto found = job.get("/exceptions");
    if (!found) return found.error();
    return json_ ? rest::to_pretty_text(*found) + "\n" : exceptions_text(*found);
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_exceptions_verb() {
  return std::make_unique<exceptions_verb>();
}

}  // namespace weir
