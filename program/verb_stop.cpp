// SPDX-License-Identifier: Apache-2.0
// The verb `stop`: ends the job with a last checkpoint, and waits for that.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "program/client_verb.hpp"

namespace weir {
namespace {

class stop_verb final : public client_verb {
 public:
  std::string name() const override { return "stop"; }
  std::string purpose() const override {
    return "Stops the running job with a last checkpoint, from which the next run goes on";
  }
  std::vector<std::string> examples() const override {
    return {"stop", "stop --json", "stop --at 127.0.0.1:8081"};
  }
  void add_options(CLI::App& verb) override {
    verb.add_flag("--json", json_, "print {\"checkpoint\": N}");
  }
  result<std::string> run(rest::job_client& job) override {
    const auto begun = job.post("/stop", "");
    if (!begun) return begun.error();
    const auto made = wait_for_trigger(
        job, "/savepoints/" + begun->at("request-id").get<std::string>(), "failure-cause");
    if (!made) return made.error();
    return json_ ? rest::to_text({{"checkpoint", *made}}) + "\n"
                 : "stopped at checkpoint " + std::to_string(*made) + "\n";
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_stop_verb() {
  return std::make_unique<stop_verb>();
}

}  // namespace weir
