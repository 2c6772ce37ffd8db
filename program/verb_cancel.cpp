// SPDX-License-Identifier: Apache-2.0
// The verb `cancel`: ends the job at once.
#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "program/client_verb.hpp"

namespace weir {
namespace {

class cancel_verb final : public client_verb {
 public:
  std::string name() const override { return "cancel"; }
  std::string purpose() const override {
    return "Cancels the running job at once; the next run goes on from the last checkpoint";
  }
  std::vector<std::string> examples() const override {
    return {"cancel", "cancel --at 127.0.0.1:8081"};
  }
  void add_options(CLI::App& verb) override {
    verb.add_flag("--json", json_, "print {\"state\": STATE}");
  }
  result<std::string> run(rest::job_client& job) override {
    const auto asked = job.patch("?mode=cancel");
    if (!asked) return asked.error();
    while (true) {
      const auto now = job.get("/status");
      if (!now && now.error().code != error_code::connection) return now.error();
      // A process that is gone has ended its job.
      const auto state = now ? now->at("status").get<std::string>() : "CANCELED";
      if (state == "CANCELED" || state == "FINISHED" || state == "FAILED") return told(state);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

 private:
  std::string told(const std::string& state) const {
    if (json_) return rest::to_text({{"state", state}}) + "\n";
    return state == "CANCELED" ? "cancelled\n" : "the job had ended before: " + state + "\n";
  }
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_cancel_verb() {
  return std::make_unique<cancel_verb>();
}

}  // namespace weir
