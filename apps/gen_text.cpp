// SPDX-License-Identifier: Apache-2.0
// gen_text LINES SEED > file: writes the text of the word-count benchmark (ten words a line, Zipf).
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>

#include "bench/text_generator.hpp"

int main(int argc, char** argv) {
  CLI::App app{
      "Writes a deterministic text to standard output: ten words a line out of 100,000, by Zipf's "
      "law."};
  std::uint64_t lines = 1000;
  std::uint64_t seed = 1;
  app.add_option("lines", lines, "number of lines")->capture_default_str();
  app.add_option("seed", seed, "the same seed gives the same bytes")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  }
  if (!weir::bench::write_text(stdout, lines, seed)) {
    std::perror("gen_text: cannot write");
    return 1;
  }
}
