// SPDX-License-Identifier: Apache-2.0
// A program with weir's command line, which sets two settings of its own: for configuration_verbs_test.
#include <cstdlib>
#include <string>
#include <vector>

#include "weir/weir.hpp"

int main(int argc, char** argv) {
  std::string crash;
  std::string attempts;
  std::string broken;
  std::string longest_backoff;
  weir::program program("configured", "A job of three numbers.");
  program.option("--crash", crash, "ends its process by SIGABRT")
      .option("--attempts", attempts, "sets guard.restart.attempts in vain")
      .option("--longest-backoff", longest_backoff,
              "sets restart-strategy.exponential-delay.max-backoff")
      .option("--broken", broken, "makes no job");
  std::string extra;
  if (const char* flag = std::getenv("EXTRA_OPTION")) program.option(flag, extra, "of the test");
  return program.main(argc, argv, [&](weir::environment& env) -> weir::result<void> {
    env.set("parallelism.default", "2").set("execution.checkpointing.interval", "20 ms");
    if (!attempts.empty()) env.set("guard.restart.attempts", attempts);
    if (!longest_backoff.empty()) {
      env.set("restart-strategy.exponential-delay.max-backoff", longest_backoff);
    }
    if (!broken.empty()) return weir::error{weir::error_code::invalid_argument, "--broken"};
    env.from("numbers", weir::from_collection(std::vector<int>{1, 2, 3}))
        .map("look",
             [ends = !crash.empty()](int number) {
               if (ends) std::abort();
               return number;
             })
        .to("out", weir::discard_sink());
    return {};
  });
}
