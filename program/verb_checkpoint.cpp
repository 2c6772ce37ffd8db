// SPDX-License-Identifier: Apache-2.0
// The verb `checkpoint`: takes one now, and waits for it.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "program/client_verb.hpp"

namespace weir {
namespace {

class checkpoint_verb final : public client_verb {
 public:
  std::string name() const override { return "checkpoint"; }
  std::string purpose() const override {
    return "Takes a checkpoint of the running job now, and waits until it is complete";
  }
  std::vector<std::string> examples() const override { return {"checkpoint", "checkpoint --json"}; }
  void add_options(CLI::App& verb) override {
    verb.add_flag("--json", json_, "print {\"checkpoint\": N}");
  }
  result<std::string> run(rest::job_client& job) override {
    const auto begun = job.post("/checkpoints", "");
    if (!begun) return begun.error();
    const auto made = wait_for_trigger(
        job, "/checkpoints/" + begun->at("request-id").get<std::string>(), "failureCause");
    if (!made) return made.error();
    return json_ ? rest::to_text({{"checkpoint", *made}}) + "\n"
                 : "checkpoint " + std::to_string(*made) + " is complete\n";
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_checkpoint_verb() {
  return std::make_unique<checkpoint_verb>();
}

}  // namespace weir
