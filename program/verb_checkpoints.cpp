// SPDX-License-Identifier: Apache-2.0
// The verb `checkpoints`.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "program/client_verb.hpp"
#include "program/job_texts.hpp"

namespace weir {
namespace {

class checkpoints_verb final : public client_verb {
 public:
  std::string name() const override { return "checkpoints"; }
  std::string purpose() const override {
    return "Prints the checkpoints of the running job: durations, sizes, failures";
  }
  std::vector<std::string> examples() const override {
    return {"checkpoints", "checkpoints --json | jq .latest.completed.id"};
  }
  void add_options(CLI::App& verb) override {
    verb.add_flag("--json", json_, "print the answer as it came, as JSON");
  }
  result<std::string> run(rest::job_client& job) override {
    const auto found = job.get("/checkpoints");
    if (!found) return found.error();
    return json_ ? rest::to_pretty_text(*found) + "\n" : checkpoints_text(*found);
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_checkpoints_verb() {
  return std::make_unique<checkpoints_verb>();
}

}  // namespace weir
