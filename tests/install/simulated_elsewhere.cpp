// SPDX-License-Identifier: Apache-2.0
// Somebody else's test of his job, by weir::testing.
#include <weir/testing.hpp>

#include <cstdint>
#include <cstdio>

int main() {
  const auto outcome =
      weir::testing::simulate([](weir::environment& env, weir::testing::simulated_run& run) {
        env.from("numbers", weir::generate([](std::uint64_t n) { return n; }).count(100))
            .to("out", run.sink<std::uint64_t>("out"));
      });
  std::puts(outcome.story.c_str());
  return outcome.passed() ? 0 : 1;
}
