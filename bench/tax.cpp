// SPDX-License-Identifier: Apache-2.0
// tax: what weir costs. Runs one of the benchmark works through weir and as a hand-written loop, in
// turn in this process, and prints rates, their ratio and whether the sums were right, one JSON
// line a round and one for all. With checkpoints (--checkpoint-interval), weir without them takes part
// as well; --against self, --against unwatched (without the watchdog) and
// --against unscraped (without HTTP), leave the loop out. Exit codes: 0 done, 1 failed or wrong sum, 2 usage.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/command_line.hpp"
#include "bench/comparison.hpp"
#include "bench/expected_sum.hpp"
#include "bench/hand/hand_works.hpp"
#include "bench/scratch_text.hpp"
#include "bench/text_generator.hpp"
#include "bench/weir_works.hpp"

namespace {

using namespace weir::bench;

constexpr std::uint64_t records_default = 100'000'000;
constexpr std::uint64_t words_default = 50'000'000;
constexpr std::uint64_t text_seed = 1;

constexpr std::chrono::milliseconds interval_default{1000};  // with --against self

enum class side : std::uint8_t { both, weir, hand };
enum class opponent : std::uint8_t { hand, self, unwatched, unscraped };

struct command_line {
  work_settings settings;
  comparison_options options;
  side only = side::both;
  opponent against = opponent::hand;
};

class weir_contender : public contender {
 public:
  run_result run(const work_settings& settings) override { return run_weir(settings); }
};

class hand_contender : public contender {
 public:
  run_result run(const work_settings& settings) override { return run_hand(settings); }
};

/// An option whose argument is one of the names in `choices`.
template <class Choice>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Choice& chosen,
                        const std::map<std::string, Choice>& choices, const std::string& help) {
  const auto choose = [&chosen, choices](const std::string& text) { chosen = choices.at(text); };
  return app.add_option_function<std::string>(name, choose, help)->check(CLI::IsMember(choices));
}

void add_options(CLI::App& app, command_line& line) {
  work_settings& settings = line.settings;
  add_choice<work>(app, "--work", settings.which,
                   {{"keyed-count", work::keyed_count},
                    {"stateless", work::stateless},
                    {"word-count", work::word_count}},
                   "what to run")
      ->required();
  app.add_option("--keys", settings.keys, "keyed-count: number of keys")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  app.add_option("--parallelism", settings.parallelism, "subtasks, and threads of the loop by hand")
      ->check(CLI::Range(1u, parallelism_max));
  app.add_option("--records", settings.records, "records in; word-count: words to generate")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  app.add_option("--file", settings.file, "word-count: a text, instead of generating one")
      ->check(CLI::ExistingFile);
  add_duration(
      app, "--checkpoint-interval", settings.checkpoint_interval,
      "exactly-once checkpoints by weir (1s, 500ms), and weir without them for comparison");
  app.add_option("--runs", line.options.rounds, "runs of each side, after one to warm up")
      ->check(CLI::Range(1u, 1000u));
  add_choice<word_loop>(app, "--hand", settings.words,
                        {{"same-table", word_loop::same_table}, {"simd", word_loop::simd}},
                        "word-count by hand: with the table of weir's state, or its own");
  CLI::Option* only = add_choice<side>(
      app, "--only", line.only, {{"weir", side::weir}, {"hand", side::hand}}, "run one side alone");
  add_choice<opponent>(
      app, "--against", line.against,
      {{"hand", opponent::hand},
       {"self", opponent::self},
       {"unwatched", opponent::unwatched},
       {"unscraped", opponent::unscraped}},
      "self: weir with checkpoints (each second, unless told) against without; "
      "unwatched: weir with its watchdog against without; "
      "unscraped: weir asked for its metrics each second over HTTP against weir without HTTP")
      ->excludes(only);
}

/// The records that a run takes in and what it must find.
weir::result<comparison_subject> make_subject(const work_settings& settings) {
  comparison_subject subject{settings, settings.records, {}};
  switch (settings.which) {
    case work::keyed_count:
      subject.expected = expected_keyed_count(settings.records, settings.keys);
      break;
    case work::stateless:
      subject.expected = expected_stateless(settings.records);
      break;
    case work::word_count: {
      const auto expected = expected_word_count(settings.file);
      if (!expected) return expected.error();
      subject.expected = expected.value();
      subject.records = subject.expected.records;
      break;
    }
  }
  return subject;
}

int compare(command_line& line) {
  std::optional<scratch_text> text;
  if (line.settings.which == work::word_count && line.settings.file.empty()) {
    const std::uint64_t lines =
        (line.settings.records + text_words_per_line - 1) / text_words_per_line;
    auto made = scratch_text::make(lines, text_seed);
    if (!made) throw std::runtime_error(made.error().text());
    text.emplace(std::move(made).value());
    line.settings.file = text->path();
  }
  const auto subject = make_subject(line.settings);
  if (!subject) throw std::runtime_error(subject.error().text());

  weir_contender by_weir;
  hand_contender by_hand;
  std::vector<entrant> entrants;
  if (line.only != side::hand) entrants.push_back({"weir", &by_weir, line.settings});
  if (line.only != side::weir) entrants.push_back({"hand", &by_hand, line.settings});
  if (line.only != side::hand && line.settings.checkpoint_interval.count() > 0) {
    entrants.push_back({"weir_plain", &by_weir, line.settings});
    entrants.back().settings.checkpoint_interval = {};
  }
  if (line.against == opponent::unwatched) {
    entrants.push_back({"weir_unwatched", &by_weir, line.settings});
    entrants.back().settings.watchdog = false;
  }
  if (line.against == opponent::unscraped) {
    entrants.front().settings.scraped = true;
    entrants.push_back({"weir_unscraped", &by_weir, line.settings});
  }
  comparison compared(subject.value(), std::move(entrants), line.options,
                      [](const std::string& finished) {
                        std::puts(finished.c_str());
                        std::fflush(stdout);
                      });
  return compared.run() == comparison_outcome::correct ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Compares weir with a hand-written loop of the same work."};
  command_line line;
  add_options(app, line);
  try {
    app.parse(argc, argv);
    if (app.count("--records") == 0) {
      line.settings.records =
          line.settings.which == work::word_count ? words_default : records_default;
    }
    line.options.voids_max = line.options.rounds;
    if (line.against != opponent::hand) line.only = side::weir;
    if (line.against == opponent::self) {
      if (line.settings.checkpoint_interval.count() == 0) {
        line.settings.checkpoint_interval = interval_default;
      }
    }
    return compare(line);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "tax: %s\n", failure.what());
    return 1;
  }
}
