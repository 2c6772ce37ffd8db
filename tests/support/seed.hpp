// SPDX-License-Identifier: Apache-2.0
// The seed of a random test: taken from WEIR_TEST_SEED or new, and printed, so that a failure can be run again.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace weir::test {

inline std::uint64_t print_seed() {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "WEIR_TEST_SEED=" << seed << '\n';
  return seed;
}

}  // namespace weir::test
