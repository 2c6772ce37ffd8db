// SPDX-License-Identifier: Apache-2.0
// What the command lines of the benchmark programs share.
//
// Owner: main().
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "bench/json_line.hpp"
#include "common/duration.hpp"

namespace weir::bench {

/// The hand-written exchange has a ring for each pair.
inline constexpr unsigned parallelism_max = 64;
inline constexpr std::uint64_t keys_max = std::uint64_t{1} << 40;

/// Writes the line at once, so that a reader sees it while the benchmark goes on.
inline void print(const json_line& line) {
  std::puts(line.text().c_str());
  std::fflush(stdout);
}

/// An option whose argument is a duration ("1s", "500 ms", "100" milliseconds).
inline CLI::Option* add_duration(CLI::App& app, const std::string& name,
                                 std::chrono::milliseconds& value, const std::string& help) {
  const auto parse = [name, &value](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().message);
    value = std::chrono::ceil<std::chrono::milliseconds>(parsed.value());
  };
  return app.add_option_function<std::string>(name, parse, help);
}

inline CLI::Option* add_keys(CLI::App& app, std::uint64_t& keys) {
  return app.add_option("--keys", keys, "number of keys")
      ->check(CLI::Range(std::uint64_t{1}, keys_max));
}

inline CLI::Option* add_parallelism(CLI::App& app, unsigned& parallelism) {
  return app.add_option("--parallelism", parallelism, "subtasks of each operator")
      ->check(CLI::Range(1u, parallelism_max));
}

inline CLI::Option* add_runs(CLI::App& app, unsigned& runs) {
  return app.add_option("--runs", runs, "runs of each side")->check(CLI::Range(1u, 1000u));
}

/// Parses, runs, and turns what was thrown into a message. Exit codes: what `run` returns, 1 after
/// an exception, 2 usage.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", argv[0], failure.what());
    return 1;
  }
}

}  // namespace weir::bench
