// SPDX-License-Identifier: Apache-2.0
// The verb `crash`: breaks the running job on purpose.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "program/client_verb.hpp"

namespace weir {
namespace {

class crash_verb final : public client_verb {
 public:
  std::string name() const override { return "crash"; }
  std::string purpose() const override {
    return "Ends a task of the running job as a crash would, or injects a fault";
  }
  std::vector<std::string> examples() const override {
    return {"crash count/1", "crash \"throw task=count/1\""};
  }
  void add_options(CLI::App& verb) override {
    verb.add_option("task-or-fault", what_,
                    "a task (count/1), or a fault as in weir.injection.plan")
        ->required();
    verb.add_flag("--json", json_, "print {\"crashed\": TASK} or {\"injected\": FAULT}");
  }
  result<std::string> run(rest::job_client& job) override {
    const bool is_task = what_.find('/') != what_.npos && what_.find('=') == what_.npos;
    const rest::document body = {{is_task ? "task" : "fault", what_}};
    const auto done = job.post("/crash", rest::to_text(body));
    if (!done) return done.error();
    const std::string how = is_task ? "crashed" : "injected";
    return json_ ? rest::to_text({{how, what_}}) + "\n" : how + " " + what_ + "\n";
  }

 private:
  std::string what_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<client_verb> make_crash_verb() {
  return std::make_unique<crash_verb>();
}

}  // namespace weir
