// SPDX-License-Identifier: Apache-2.0
// The verb `status`.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "program/client_verb.hpp"
#include "program/job_texts.hpp"

namespace weir {
namespace {

class status_verb final : public client_verb {
 public:
  std::string name() const override { return "status"; }
  std::string purpose() const override { return "Prints how the running job stands"; }
  std::vector<std::string> examples() const override {
    return {"status", "status --why", "status --json | jq .checkpoints",
            "status --at 127.0.0.1:8081"};
  }
  void add_options(CLI::App& verb) override {
    verb.add_flag("--why", why_, "also say what the job waits for");
    verb.add_flag("--json", json_, "print the answer as it came, as JSON");
  }
  result<std::string> run(rest::job_client& job) override {
    const auto found = job.get("/summary");
    if (!found) return found.error();
    return json_ ? rest::to_pretty_text(*found) + "\n" : status_text(*found, why_);
  }

 private:
  bool why_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_status_verb() {
  return std::make_unique<status_verb>();
}

}  // namespace weir
